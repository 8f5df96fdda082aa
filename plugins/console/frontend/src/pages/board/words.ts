// Words of the board in both languages; what is common to all pages is in the pages' own words.
import { language } from "../../words";

const WORDS = {
  live: ["实时更新", "Live"],
  often: ["每半分钟更新", "Every half minute"],
  still: ["实时更新已停止", "Live updates have stopped"],
  refreshed: ["更新于", "as of"],
  counters: ["今日态势", "Today"],
  map: ["民情数据图", "Map"],
  colouredBy: ["着色指标", "Coloured by"],
  layers: ["插件图层（近 30 天）", "Layers of plugins (thirty days)"],
  noLayer: ["不用图层", "No layer"],
  places: ["各地数据", "Places"],
  place: ["地点", "Place"],
  noOutlines: ["此处没有边界数据，请看表格。", "There are no outlines here; see the table."],
  ground: ["底图", "Base map"],
  approval: ["审图号", "Approved under"],
  nearer: ["放大", "Zoom in"],
  farther: ["缩小", "Zoom out"],
  whole: ["显示全部", "Show all"],
  ctrlScroll: ["按住 Ctrl 键并滚动滚轮可缩放地图", "Hold Ctrl and scroll to zoom"],
  commandScroll: ["按住 ⌘ 键并滚动滚轮可缩放地图", "Hold ⌘ and scroll to zoom"],
  twoFingers: ["用两根手指移动地图", "Move the map with two fingers"],
  noTiles: [
    "底图未能加载，各地数据不受影响。请检查网络；仍不显示的，请告知管理员。",
    "The base map could not be loaded; the figures are complete. Check the network, or tell the administrator.",
  ],
  noGraphics: [
    "此浏览器不能绘制底图（没有 WebGL），现显示边界简图，数据相同。",
    "This browser cannot draw the base map (no WebGL); the outlines show the same figures.",
  ],
  lostGraphics: [
    "图形绘制中断，现显示边界简图，数据相同。刷新页面可恢复底图。",
    "Drawing the base map broke off; the outlines show the same figures. Load the page again to have it back.",
  ],
  noGround: [
    "绘制底图的程序未能加载，现显示边界简图，数据相同。请检查网络后刷新页面。",
    "What draws the base map could not be loaded; the outlines show the same figures. Check the network, and load the page again.",
  ],
  outline: ["边界说明", "About the outlines"],
  order: ["按编码排列，不作排名。", "In the order of codes; this is no ranking."],
  noPlaces: ["下级没有可显示的地点。", "There are no places below."],
  more: ["仅显示前 100 个地点。", "Only the first 100 places are shown."],
  withheld: ["数量过小，隐去", "withheld, too few"],
  small: ["不足 3 件", "fewer than three"],
  smallShort: ["<3", "<3"],
  few: ["评价不足，不显示", "too few ratings to tell"],
  fewShort: ["评价不足", "too few"],
  nothingShort: ["无", "none"],
  nothing: ["无数据", "nothing to count"],
  withheldShort: ["隐去", "withheld"],
  whyWithheld: [
    "件数为 1、2 的，以及涉及不足 10 人的指标予以隐去；据此可推算的数字一并隐去。",
    "Counts of one or two cases, figures about fewer than ten persons, and what would tell them are withheld.",
  ],
  yearly: ["满意率、化解层级统计近 12 个月；其余为当前数。", "Satisfaction and levels are of the last twelve months; the rest is as of now."],
  yours: [
    "村以下不公布统计数字；以下为您有权查看的诉求件数。",
    "Below a village there are no figures; these are the cases that you may see.",
  ],
  endsHere: ["村以下不公布统计数字。", "Figures end at the village."],
  noFigures: [
    "您没有查看此地统计数字的权限，或此层级没有统计数字。",
    "You may not see figures of this place, or there are none of its level.",
  ],
  noPlace: ["没有这个网格。请检查地址中的编码。", "There is no such grid. Check the code in the address."],
  cases: ["在调度台查看诉求", "Cases at the desk"],
  toOwn: ["返回本级", "Back to your own"],
  choosePlace: ["请选择县区", "Choose a county"],
  formula: ["指标口径", "How it is computed"],
  formulaText: ["公式", "Formula"],
  numerator: ["分子", "Above the line"],
  denominator: ["分母", "Below the line"],
  unit: ["单位", "Unit"],
  version: ["口径版本", "Version"],
  noFormula: ["此指标尚未公布口径。", "No formula is published for this figure."],
  close: ["关闭", "Close"],
  levels: ["化解层级（近 12 个月）", "Where matters were settled (twelve months)"],
  level: ["层级", "Level"],
  settled: ["办结件数", "Settled"],
  share: ["占比", "Share"],
  GRID: ["网格", "Grid"],
  VILLAGE: ["村（社区）", "Village"],
  TOWN: ["镇（街道）", "Town"],
  COUNTY: ["县", "County"],
  digest: ["定期汇总", "Digest"],
  period: ["周期", "Period"],
  DAY: ["日处理", "Day"],
  WEEK: ["周汇总", "Week"],
  MONTH: ["月分析", "Month"],
  QUARTER: ["季评估", "Quarter"],
  earlier: ["上一期", "Earlier"],
  later: ["下一期", "Later"],
  figure: ["指标", "Figure"],
  now: ["本期", "This period"],
  before: ["上期", "The one before"],
  change: ["变化", "Change"],
  points: ["个百分点", "points"],
  unfinished: ["本期尚未结束，与上期全期的比较仅供参考。", "The period is not over: compared with the whole one before, it says little yet."],
  compared: ["与上期比较", "Beside the period before"],
  trend: ["上报与办结走势", "Reported and settled"],
  subjects: ["上报分类（本期）", "What it was about (this period)"],
  subject: ["分类", "Subject"],
  none: ["本期没有数据。", "There is nothing in this period."],
  table: ["数据表", "As a table"],
  start: ["起始日期", "From"],
  report: ["大数据中心报告", "Report of the board"],
} as const;

/** What figures are called, by their names among the published formulas. */
export const FIGURES: Record<string, readonly [string, string]> = {
  underWay: ["在办", "Under way"],
  overdue: ["超期未办", "Overdue"],
  dueOnLastDay: ["今日到期", "Due today"],
  reportedToday: ["今日上报", "Reported today"],
  completedToday: ["今日办结", "Settled today"],
  open: ["未结案", "Open"],
  late: ["逾期", "Late"],
  stillLate: ["逾期仍未办结", "Late and not settled"],
  reported: ["上报", "Reported"],
  reportedBefore: ["上月同期上报", "Reported the month before"],
  completed: ["办结", "Settled"],
  completionRate: ["办结率", "Completion"],
  onTimeRate: ["按期办结率", "On time"],
  extensionShare: ["延期占比", "Extended"],
  resolutionRate: ["解决率", "Solved"],
  satisfactionRate: ["满意率", "Satisfied"],
  answerCoverage: ["评价覆盖率", "Rated"],
  medianResponse: ["响应时长中位数", "Median response"],
  medianHandling: ["办理时长中位数", "Median handling"],
  levelShare: ["村及以下化解", "Settled in grid or village"],
  signsFound: ["民情预警", "Early signs"],
  signsConfirmed: ["属实预警", "Confirmed signs"],
  falseAlarms: ["误报预警", "False alarms"],
  signsRunning: ["处置中预警", "Signs under way"],
};

export type BoardWord = keyof typeof WORDS;

const at = (): 0 | 1 => (language.value === "zh" ? 0 : 1);
export const tell = (word: BoardWord): string => WORDS[word][at()];
export const nameFigure = (name: string): string => FIGURES[name]?.[at()] ?? name;

export const isRate = (name: string): boolean => /(Rate|Share|Coverage)$/.test(name);

/** A number with the unit that its name tells. */
export function showFigure(name: string, value: number): string {
  if (isRate(name)) return `${value}%`;
  if (name.startsWith("median")) return `${value} ${language.value === "zh" ? "分钟" : "min"}`;
  return value.toLocaleString(language.value === "zh" ? "zh-CN" : "en-GB");
}
