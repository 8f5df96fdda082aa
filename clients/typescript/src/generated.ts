// Written by generate.mjs from the schema: `make client`.

/** Why something did not work. */
export type ErrorCode =
  | "APPROVAL_NEEDED"
  | "BAD_REQUEST"
  | "BAD_USER_INPUT"
  | "BEYOND_LAW"
  | "BEYOND_LIMIT"
  | "CONFLICT_OF_INTEREST"
  | "CONSENT_REQUIRED"
  | "CONTRIBUTION_MISSING"
  | "COST_EXCEEDED"
  | "CROSS_SITE_REQUEST"
  | "CURSOR_EXPIRED"
  | "DUPLICATE"
  | "FORBIDDEN"
  | "FOUR_EYES"
  | "GRAPHQL_PARSE_FAILED"
  | "GRAPHQL_VALIDATION_FAILED"
  | "GUARDIAN_REQUIRED"
  | "IDEMPOTENCY_KEY_REUSED"
  | "ILLEGAL_TRANSITION"
  | "INTERNAL_SERVER_ERROR"
  | "LIMIT_EXCEEDED"
  | "LISTED_DUTY"
  | "MASKED_VALUE"
  | "METHOD_NOT_ALLOWED"
  | "NOTICE_CHANGED"
  | "NOT_ACCEPTABLE"
  | "NOT_AVAILABLE"
  | "NOT_DELEGATED"
  | "NOT_FOUND"
  | "OPERATION_NOT_ALLOWED"
  | "OPERATION_RESOLUTION_FAILURE"
  | "PERSISTED_QUERY_NOT_FOUND"
  | "PERSISTED_QUERY_NOT_SUPPORTED"
  | "PLUGIN_INACTIVE"
  | "QUERY_NOT_IN_SAFELIST"
  | "QUOTA_EXCEEDED"
  | "RATE_LIMITED"
  | "REQUEST_TIMEOUT"
  | "REQUEST_TOO_LARGE"
  | "RETURN_CAP"
  | "SEALED_CASE"
  | "SECOND_FACTOR_REQUIRED"
  | "SERVER_STOPPING"
  | "STALE_VERSION"
  | "TERM_OVER"
  | "TIMEOUT"
  | "TOO_MANY"
  | "TOP_LEVEL"
  | "UNAUTHENTICATED"
  | "UNAVAILABLE"
  | "UNSUPPORTED_MEDIA_TYPE";

/** Types with an id that `node(id:)` finds. */
export const nodes: string[] = "AccessAlert AccessLogEntry Account Act ActLogEntry ActivityCalendar AgreementSignature AgreementTemplate AgreementTerm ApiKey AppraisalObjection Approval Attachment BulkExport Bulletin BulletinAttachment BulletinInterest BulletinRevision CalendarDay CalendarYear Case CaseChange CaseConflict CaseEvent Category Channel Clock Consent CouncilSeat CreditAppraisal CreditIndicator CreditModel DataRequest DeadlineRule DeadlineRuleSet DeadlineTrace Decision DecisionReview Deliberation Deputy DeputyStation DeputySuggestion Device DeviceAlarm DeviceGauge DeviceKind DeviceReading DeviceRule DirectoryChange DispatchObjection DispatchProposal DispatchRule DisputeScreening DisputeType EarlySign Emergency EmergencyMark EmergencyPower EnforcementClue ErrorAnswer ErrorExemption ErrorReview ErrorStatement FollowUp Form FormCell FormInquiry FormObjection FormReturn FormStep Glass GovernanceCenter Grant Grid HeardMatter Household HouseholdAward Identity Invitation Job JudicialConfirmation LawArticle LawLecture LawQuiz LegalAdvice LegalAdviser LegalAid LegalAidHours LegalBooking LegalConflict LegalEntry LegalFile LegalMatter LegalMessage LegalSeat LegalShift LegalSlot Lender Lesson Liaison ListedDuty Loan LoanApplication LoanDocument LoanInstalment LoanPrimeRate LoanProduct LoanRepayment Look MatterAgendaItem MatterAttendance MatterCall MatterEvaluation MatterExecution MatterMeeting MatterProposal MatterSpeaker Mediation MediationAgreement MediationParty MediationSession Mediator Membership Notice Officer OpenDataset PanelSeat Panelist PartyActivity PartyBranch PartyCoverage PartyFeedback PartyHelperRequest PartyLink PartyMember PartyMinutes PartyOffice PartyPaper PartyParticipation PartyReport PartySeries PartyTask PartyTransfer Patrol Person Phone PluginActivation PointsAccount PointsAct PointsAward PointsClaim PointsEntitlement PointsEntry PointsHonour PointsMerchant PointsObjection PointsProgramme PointsRedemption PointsReward PointsRule PointsSettled PointsSettlement PointsVote ProjectProgress PublicProject PublicWarning PurchasedService ReceptionDay ReceptionDeputy RegisteredVolunteer Release Representative Resolution ReviewPanel RiskPool RiskPoolEntry SafetyAnswer SafetyCheckItem SafetyChecklist SafetyHazard SafetyHazardStep SafetyInspection SafetyPhoto SafetySite ScreeningReview ServedGrid ServiceApplication ServiceDocument ServiceLapse ServiceMatter ServicePaper ServiceVisit Session SocialOrganisation Supervision SupervisionRule Tie TieDeed TierDecision Unit VillageAffair VillageCode VillageDisclosure VillageDisclosureFile VillageFigure Visit Volunteer VolunteerGroup VoteBallot VoteProxy Watch WatchEvidence WatchFact WatchMeasure WatchRule WatchRuleItem WatchStep Webhook WebhookDelivery Whistle WhistleAssessment WhistlePlan WhistleTask WhistleUnit Wish WorkCalendar WorkOrder".split(" ");

/** Types without an id, which belong to what leads to them. */
export const keyless: string[] = "AccessAlertConnection AccessAlertEdge AccessLogEntryConnection AccessLogEntryEdge AccountConnection AccountEdge AccountPayload ActConnection ActEdge ActLogEntryConnection ActLogEntryEdge Action ActionForm ActionFormField ActionFormPart AddAccountPayload AffairPayload AgreementTemplatePayload AgreementTermPayload AlgorithmCard ApiKeyConnection ApiKeyEdge ApiKeyPayload ApiKeyUsage AppraisalObjectionPayload ApprovalConnection ApprovalEdge ApprovalPayload AskAboutBulletinPayload BaseMap BreakGlassPayload BulkExportConnection BulkExportEdge BulkExportPayload BulletinChange BulletinConnection BulletinEdge BulletinInterestPayload BulletinPayload BulletinReach Burden CalendarDayConnection CalendarDayEdge CalendarPayload CaseChangeConnection CaseChangeEdge CaseConflictConnection CaseConflictEdge CaseConnection CaseEdge CaseEventConnection CaseEventEdge CasePayload CastVotePayload CategoryConnection CategoryEdge CategoryFigure CategoryLevelFigure CategoryLevels ChannelConnection ChannelEdge ChannelFigure CheckQuizPayload Claim CloseActivityCalendarPayload CloudEventPage ConcernMap ConcernPlace ConsentPayload CouncilSeatConnection CouncilSeatEdge CouncilSeatPayload Count CountySetting CreditAppraisalConnection CreditAppraisalEdge CreditAppraisalPayload CreditBand CreditCommendation CreditCommendationConnection CreditCommendationEdge CreditContribution CreditCounterfactual CreditFairness CreditGradeShare CreditIndicatorConnection CreditIndicatorEdge CreditIndicatorPayload CreditModelConnection CreditModelEdge CreditModelPayload CreditWeight DataPurpose DataRequestConnection DataRequestEdge DataRequestPayload DeadlineRuleSetConnection DeadlineRuleSetEdge DeadlineRuleSetPayload DeadlineRulesPayload DecideApprovalPayload DecisionConnection DecisionContribution DecisionEdge DecisionInput DecisionReviewConnection DecisionReviewEdge DecisionRule DeclareFormPayload DeleteWebhookPayload DeliberationConnection DeliberationEdge DeliberationPayload DeputyConnection DeputyEdge DeputyPayload DeputyStationConnection DeputyStationEdge DeputyStationPayload DeputySuggestionConnection DeputySuggestionEdge DeputySuggestionPayload DeviceAlarmChange DeviceAlarmConnection DeviceAlarmEdge DeviceAlarmPayload DeviceConnection DeviceEdge DeviceKindConnection DeviceKindEdge DeviceKindPayload DeviceMeasure DevicePayload DeviceReadingConnection DeviceReadingEdge DeviceRuleConnection DeviceRuleEdge DeviceRulePayload Digest DigestFigure DigestSection DisclosurePayload DispatchObjectionConnection DispatchObjectionEdge DispatchRuleConnection DispatchRuleEdge DispatchRulePayload DisputeScreeningConnection DisputeScreeningEdge DisputeScreeningPayload EarlySignChange EarlySignConnection EarlySignEdge EarlySignPayload EarlySignResult EditCasePayload EmergencyConnection EmergencyEdge EmergencyPayload EmergencyPowerConnection EmergencyPowerEdge EnforcementClueConnection EnforcementClueEdge EnforcementCluePayload ErrorExemptionConnection ErrorExemptionEdge ErrorExemptionFigures ErrorExemptionPayload ExplanationPayload FiledOrder FindPeopleToNamePayload FindPersonPayload Finding FollowUpConnection FollowUpEdge FollowUpPayload FormConnection FormEdge FormInquiryConnection FormInquiryEdge FormInquiryPayload FormObjectionPayload FormPayload FormReturnChange FormReturnConnection FormReturnEdge FormReturnPayload GovernanceCenterConnection GovernanceCenterEdge GovernanceCenterPayload GrantPayload GridConnection GridEdge GridPayload GridStatistics HandOverHouseholdsPayload HeadcountFigure HeardMatterConnection HeardMatterEdge HeardMatterPayload HelperSuggestion HotlineCall HouseholdConnection HouseholdEdge HouseholdPayload IdentityPayload InspectWebhookDeliveryPayload IntakeCasesPayload IntakeResult InvitationConnection InvitationEdge InvitationPayload JobConnection JobEdge JointStation JudicialConfirmationPayload KpiFormula Label LabelGroup LawAnswer LawArticleConnection LawArticleEdge LawArticlePayload LawLectureConnection LawLectureEdge LawLecturePayload LawQuestion LawQuizConnection LawQuizEdge LawQuizPayload LegalAdvicePayload LegalAdviserPayload LegalAidConnection LegalAidEdge LegalAidPayload LegalAidStep LegalBookingPayload LegalConflictPayload LegalEntryConnection LegalEntryEdge LegalEntryPayload LegalFeedPayload LegalFilePayload LegalGuidance LegalHotline LegalMatterConnection LegalMatterEdge LegalMessagePayload LenderConnection LenderEdge LenderPayload LessonConnection LessonEdge LessonPayload LevelFigure LiaisonConnection LiaisonEdge LiaisonPayload LiftRestrictionPayload ListedDutyConnection ListedDutyEdge ListedDutyPayload LoanApplicationConnection LoanApplicationEdge LoanApplicationHappening LoanApplicationPayload LoanConnection LoanDecision LoanEdge LoanGradeDiscount LoanPayload LoanPortfolio LoanPreviewLine LoanPrimeRateConnection LoanPrimeRateEdge LoanPrimeRatePayload LoanProductConnection LoanProductEdge LoanProductPayload LoanRateBase LoanRepaymentConnection LoanRepaymentEdge LookConnection LookEdge MarkBulletinReadPayload MatterAttendanceConnection MatterAttendanceEdge MatterCallConnection MatterCallEdge MatterDecision MatterEvaluationPayload MatterProposalPayload MatterPublicity MatterSpeakerPayload MediationFigures MediationHappening MediationPayload MediationRatePayload MediationRight MediationSubsidy MembershipConnection MembershipEdge MergedCell NatsConsumer NatsStatus NatsStream NoticeConnection NoticeEdge ObjectToDispatchPayload OfficerConnection OfficerEdge OfficerPayload OpenActivityCalendarPayload OpenDatasetConnection OpenDatasetEdge OpenDatasetPayload OpenDatasetRow OpenHours OperationFigures PageInfo PanelistConnection PanelistEdge PanelistPayload PartyActivityConnection PartyActivityEdge PartyActivityPayload PartyBranchConnection PartyBranchEdge PartyBranchPayload PartyFeedbackConnection PartyFeedbackEdge PartyFeedbackPayload PartyHappening PartyHelperRequestPayload PartyLinkPayload PartyMemberConnection PartyMemberEdge PartyMemberPayload PartyMinutesPayload PartyOfficeConnection PartyOfficeEdge PartyOfficePayload PartyOpinion PartyParticipationConnection PartyParticipationEdge PartyParticipationPayload PartySeriesConnection PartySeriesEdge PartySeriesPayload PartyTaskConnection PartyTaskEdge PartyTaskPayload PartyTransferConnection PartyTransferEdge PartyTransferPayload PatrolConnection PatrolEdge PersonConnection PersonEdge PersonPayload PhonePayload Place Plugin PluginActivationConnection PluginActivationEdge PointsAccountConnection PointsAccountEdge PointsAccountPayload PointsActConnection PointsActEdge PointsActPayload PointsAwardConnection PointsAwardEdge PointsAwardPayload PointsClaimConnection PointsClaimEdge PointsClaimPayload PointsEntitlementConnection PointsEntitlementEdge PointsEntitlementPayload PointsEntryConnection PointsEntryEdge PointsEvidence PointsExpiring PointsExplanation PointsFigures PointsHappening PointsHonourConnection PointsHonourEdge PointsHonourPayload PointsInput PointsMerchantConnection PointsMerchantEdge PointsMerchantPayload PointsObjectionConnection PointsObjectionEdge PointsObjectionPayload PointsOpportunity PointsProgrammeConnection PointsProgrammeEdge PointsProgrammePayload PointsRedemptionConnection PointsRedemptionEdge PointsRewardConnection PointsRewardEdge PointsRewardPayload PointsRuleConnection PointsRuleEdge PointsRulePayload PointsSettlementConnection PointsSettlementEdge PointsStatement PointsStatementLine Prefilled PrivacyText Problem PublicProjectConnection PublicProjectEdge PublicProjectPayload PublicWarningConnection PublicWarningEdge PublicWarningInfo PurchasedServiceConnection PurchasedServiceEdge PurchasedServicePayload QuizAnswer QuizQuestion ReadNoticesPayload Reader Reason ReceptionDayConnection ReceptionDayEdge ReceptionDayPayload RecordPatrolPayload RedemptionPayload RedriveJobPayload RegisteredVolunteerConnection RegisteredVolunteerEdge RegisteredVolunteerPayload ReleaseConnection ReleaseEdge ReleasePayload Reply ReportCasePayload ReportForHouseholdPayload RepresentativePayload RequestExtensionPayload ResendWebhookDeliveryPayload ResolutionConnection ResolutionEdge ResolutionPayload ResolveConflictPayload RetentionTerm ReturnBurden RevealPayload RevealPhonePayload ReversePointsPayload ReviewPanelPayload ReviewPayload RiskPoolConnection RiskPoolEdge RiskPoolEntryConnection RiskPoolEntryEdge RiskPoolPayload Role RuleOnObjectionPayload SafetyChecklistConnection SafetyChecklistEdge SafetyChecklistPayload SafetyFigures SafetyHazardChange SafetyHazardConnection SafetyHazardEdge SafetyHazardPayload SafetyInspectionConnection SafetyInspectionEdge SafetyInspectionPayload SafetySiteConnection SafetySiteEdge SafetySitePayload ScorePayload SeriesFigure ServedGridConnection ServedGridEdge ServiceApplicationChange ServiceApplicationConnection ServiceApplicationEdge ServiceApplicationPayload ServiceFigures ServiceLapseConnection ServiceLapseEdge ServiceLapsePayload ServiceMatterConnection ServiceMatterEdge ServiceMatterPayload SessionConnection SessionEdge SessionPayload SetCountySettingPayload SetPluginActivationPayload SettleRedemptionsPayload SimilarCase SimilarMatter SocialOrganisationConnection SocialOrganisationEdge SocialOrganisationPayload StatementKind Subject SupervisionConnection SupervisionEdge SupervisionPayload SupervisionRuleConnection SupervisionRuleEdge SupervisionRulePayload SyncPayload SyncResult TakeLawQuizPayload TestWebhookPayload TextWarning TieConnection TieDeedConnection TieDeedEdge TieDeedPayload TieEdge TieFigures TiePayload TierDecisionConnection TierDecisionEdge TierDecisionPayload UnitConnection UnitEdge UnitPayload UnitStatistics View ViewColumn ViewDesk ViewFilter ViewForm ViewTable VillageAffairConnection VillageAffairEdge VillageCodeConnection VillageCodeEdge VillageCodePayload VillageDisclosureConnection VillageDisclosureEdge VisitConnection VisitEdge VisitPayload VolunteerConnection VolunteerEdge VolunteerGroupConnection VolunteerGroupEdge VolunteerGroupPayload VoteBallotConnection VoteBallotEdge VoteCount VoteProxyPayload VoteQuorum VoteReceipt WatchConnection WatchEdge WatchFigures WatchMeasureConnection WatchMeasureEdge WatchMeasurePayload WatchPayload WatchRuleConnection WatchRuleEdge WatchRulePayload WebhookConnection WebhookDeliveryConnection WebhookDeliveryEdge WebhookEdge WebhookPayload WebhookSecretPayload WhistleConnection WhistleEdge WhistlePayload WishConnection WishEdge WishPayload WorkOrderConnection WorkOrderEdge WorkOrderPayload WorkShift".split(" ");

/** The connections of each type, and the arguments that tell their lists apart. */
export const connections: Record<string, Record<string, string>> = {
  "Account": {
    "apiKeys": "orderBy",
    "sessions": "orderBy"
  },
  "Case": {
    "approvals": "filter orderBy",
    "changes": "filter orderBy",
    "conflicts": "filter orderBy",
    "events": "filter orderBy",
    "followUps": "filter orderBy",
    "objections": "filter orderBy",
    "supervisions": "filter orderBy",
    "whistles": "filter orderBy",
    "workOrders": "filter orderBy"
  },
  "DeputyStation": {
    "deputies": "filter orderBy",
    "receptions": "filter orderBy"
  },
  "Device": {
    "alarms": "filter orderBy"
  },
  "DeviceGauge": {
    "readings": "filter orderBy"
  },
  "EarlySign": {
    "cases": "filter orderBy",
    "patrols": "filter orderBy"
  },
  "Grid": {
    "activities": "filter orderBy",
    "bulletins": "filter orderBy",
    "cases": "filter orderBy",
    "children": "filter orderBy",
    "councils": "filter orderBy",
    "creditAppraisals": "filter orderBy",
    "creditCommendations": "orderBy",
    "deliberations": "filter orderBy",
    "deputies": "filter orderBy",
    "deviceAlarms": "filter orderBy",
    "devices": "filter orderBy",
    "disputeScreenings": "filter orderBy",
    "earlySigns": "filter orderBy",
    "enforcementClues": "filter orderBy",
    "formReturns": "filter orderBy",
    "governanceCenters": "filter orderBy",
    "households": "filter orderBy",
    "lawArticles": "orderBy",
    "lawLectures": "filter orderBy",
    "lawQuizzes": "orderBy",
    "loanApplications": "filter orderBy",
    "loans": "filter orderBy",
    "officers": "orderBy",
    "partyBranches": "filter orderBy",
    "patrols": "filter orderBy",
    "people": "filter orderBy",
    "pointsAccounts": "filter orderBy",
    "pointsClaims": "filter orderBy",
    "publicProjects": "filter orderBy",
    "purchasedServices": "filter orderBy",
    "receptionDays": "filter orderBy",
    "resolutions": "filter orderBy",
    "rewards": "filter orderBy",
    "safetyHazards": "filter orderBy",
    "safetySites": "filter orderBy",
    "servedBy": "filter orderBy",
    "ties": "filter orderBy",
    "units": "filter orderBy",
    "villageAffairs": "filter orderBy",
    "villageCodes": "filter orderBy",
    "visits": "orderBy",
    "volunteerGroups": "filter orderBy",
    "watchMeasures": "filter orderBy",
    "watches": "filter orderBy",
    "wishes": "filter orderBy"
  },
  "Household": {
    "liaisons": "orderBy",
    "loans": "filter orderBy",
    "members": "orderBy",
    "tierDecisions": "orderBy",
    "visits": "orderBy"
  },
  "Loan": {
    "repayments": "orderBy"
  },
  "MatterMeeting": {
    "attendance": "orderBy"
  },
  "MatterProposal": {
    "ballots": "filter orderBy",
    "calls": "filter orderBy"
  },
  "Me": {
    "accessLog": "orderBy",
    "actLog": "orderBy",
    "apiKeys": "orderBy",
    "bulletins": "filter orderBy",
    "dataRequests": "filter orderBy",
    "decisions": "filter orderBy",
    "errorExemptions": "filter orderBy",
    "heardMatters": "filter orderBy",
    "looks": "filter orderBy",
    "notices": "filter orderBy",
    "releases": "filter orderBy",
    "safetySites": "filter orderBy",
    "serviceApplications": "filter orderBy",
    "sessions": "orderBy",
    "ties": "filter orderBy",
    "watches": "filter orderBy"
  },
  "PartyActivity": {
    "feedback": "orderBy",
    "participations": "filter orderBy"
  },
  "PartyBranch": {
    "activities": "filter orderBy",
    "members": "filter orderBy",
    "terms": "filter orderBy"
  },
  "Person": {
    "activitiesAhead": "filter orderBy",
    "activitiesAttended": "filter orderBy",
    "cases": "filter orderBy",
    "creditAppraisals": "filter orderBy",
    "legalMatters": "filter orderBy",
    "loanApplications": "filter orderBy",
    "loans": "filter orderBy",
    "partyTasks": "filter orderBy",
    "pointsClaims": "filter orderBy",
    "volunteering": "orderBy"
  },
  "PointsAccount": {
    "awards": "filter orderBy",
    "entries": "filter orderBy",
    "redemptions": "filter orderBy"
  },
  "PointsHonour": {
    "awards": "filter orderBy"
  },
  "PointsMerchant": {
    "redemptions": "filter orderBy",
    "rewards": "filter orderBy",
    "settlements": "filter orderBy"
  },
  "PointsProgramme": {
    "entitlements": "orderBy",
    "honours": "filter orderBy",
    "merchants": "filter orderBy",
    "rules": "filter orderBy"
  },
  "Query": {
    "accessAlerts": "filter orderBy",
    "accounts": "filter orderBy",
    "acts": "filter orderBy",
    "approvals": "filter orderBy",
    "assignedLegalAid": "filter orderBy",
    "bulkExports": "filter orderBy",
    "bulletins": "filter grid orderBy",
    "cases": "filter orderBy",
    "categories": "filter orderBy",
    "channels": "filter orderBy",
    "creditIndicators": "filter orderBy",
    "creditModels": "filter orderBy",
    "dataRequests": "filter orderBy",
    "deadlineRuleSets": "filter orderBy",
    "deliberations": "filter orderBy",
    "deputies": "filter orderBy",
    "deputyStations": "filter orderBy",
    "deputySuggestions": "filter orderBy",
    "deviceAlarms": "filter orderBy",
    "deviceKinds": "filter orderBy",
    "deviceRules": "filter orderBy",
    "devices": "filter orderBy",
    "dispatchRules": "filter orderBy",
    "earlySigns": "filter orderBy",
    "emergencies": "filter orderBy",
    "emergencyPowers": "orderBy",
    "errorExemptions": "filter orderBy",
    "formInquiries": "filter orderBy",
    "formReturns": "filter orderBy",
    "forms": "filter orderBy",
    "grids": "filter orderBy",
    "handledLegalMatters": "filter orderBy",
    "heardMatters": "filter orderBy",
    "households": "filter orderBy",
    "invitations": "orderBy",
    "jobs": "filter orderBy",
    "legalEntries": "filter orderBy",
    "lenderDesk": "filter orderBy",
    "lenderLoans": "filter orderBy",
    "lenders": "orderBy",
    "lessons": "filter orderBy",
    "listedDuties": "filter orderBy",
    "loanPrimeRates": "filter orderBy",
    "loanProducts": "filter orderBy",
    "looks": "filter orderBy",
    "myAppraisalsToScore": "filter orderBy",
    "objections": "filter orderBy",
    "openDatasets": "filter orderBy",
    "panelists": "filter orderBy",
    "partyActivities": "filter orderBy",
    "partyBranches": "filter orderBy",
    "partyMembers": "filter orderBy",
    "partySeries": "filter orderBy",
    "partyTransfers": "filter orderBy",
    "people": "filter orderBy",
    "pluginActivations": "filter orderBy",
    "pointsActs": "filter orderBy",
    "pointsMerchants": "filter orderBy",
    "pointsObjections": "filter orderBy",
    "pointsProgrammes": "filter orderBy",
    "pointsSettlements": "filter orderBy",
    "publicWarnings": "filter orderBy",
    "purchasedServices": "filter orderBy",
    "receptionDays": "filter orderBy",
    "registeredVolunteers": "filter orderBy",
    "resolutions": "filter orderBy",
    "reviews": "filter orderBy",
    "riskPools": "filter orderBy",
    "safetyChecklists": "filter orderBy",
    "safetyHazards": "filter orderBy",
    "safetySites": "filter orderBy",
    "serviceApplications": "filter orderBy",
    "serviceLapses": "filter orderBy",
    "serviceMatters": "filter orderBy",
    "socialOrganisations": "filter orderBy",
    "supervisionRules": "filter orderBy",
    "supervisions": "filter orderBy",
    "ties": "filter orderBy",
    "units": "filter orderBy",
    "villageAffairs": "filter orderBy",
    "villageDisclosures": "filter orderBy",
    "watchMeasures": "filter orderBy",
    "watchRules": "filter orderBy",
    "watches": "filter orderBy",
    "webhooks": "filter orderBy",
    "whistles": "filter orderBy"
  },
  "ReceptionDay": {
    "heard": "filter orderBy"
  },
  "RiskPool": {
    "entries": "orderBy"
  },
  "SafetySite": {
    "hazards": "filter orderBy",
    "inspections": "filter orderBy"
  },
  "SocialOrganisation": {
    "purchases": "filter orderBy"
  },
  "Tie": {
    "deeds": "filter orderBy"
  },
  "Unit": {
    "cases": "filter orderBy",
    "ties": "filter orderBy",
    "workOrders": "filter orderBy"
  },
  "VillageAffair": {
    "disclosures": "filter orderBy"
  },
  "VolunteerGroup": {
    "activities": "filter orderBy",
    "volunteers": "orderBy"
  },
  "Webhook": {
    "deliveries": "filter orderBy"
  },
  "WorkCalendar": {
    "days": "filter orderBy"
  }
};
