// Words of the pages in both languages, Chinese first. What the schema has a label for is in labels.ts.
import { signal } from "@preact/signals";
import { load, save } from "./storage";

const WORDS = {
  title: ["共治控制台", "Gongzhi console"],
  skip: ["跳到主要内容", "Skip to the content"],
  pages: ["页面", "Pages"],
  language: ["English", "中文"],
  large: ["大字", "Large type"],
  look: ["外观", "Colours"],
  system: ["跟随系统", "As the system"],
  light: ["浅色", "Light"],
  dark: ["深色", "Dark"],
  signIn: ["登录", "Sign in"],
  signOut: ["退出登录", "Sign out"],
  name: ["账户名", "Account name"],
  password: ["密码", "Password"],
  signingIn: ["正在登录…", "Signing in…"],
  forgotten: [
    "忘记密码或首次使用：请向账户管理员索取邀请码。",
    "Password forgotten, or new here: ask whoever looks after accounts for an invitation.",
  ],
  invitation: ["使用邀请码设置密码", "Set a password by an invitation"],
  code: ["邀请码", "Invitation code"],
  newPassword: ["新密码", "New password"],
  setPassword: ["设置并登录", "Set it and sign in"],
  wrongCode: ["邀请码不正确或已失效。请核对，或索取新的邀请码。", "The code is wrong or over. Check it, or ask for a new one."],
  wrong: ["账户名或密码不正确，或账户已停用。请检查后重试。", "The name or the password is wrong, or the account is suspended. Check them and try again."],
  expired: ["登录已过期。请重新登录，之后将回到刚才的页面。", "Your session is over. Sign in again, and you are back where you were."],
  wait: ["秒后可再试。", "seconds until you may try again."],
  development: ["开发环境：以角色进入", "In development: enter in a role"],
  role: ["角色", "Role"],
  grid: ["网格编码", "Grid code"],
  unit: ["单位编码", "Unit code"],
  enter: ["进入", "Enter"],
  noSuch: ["没有这个角色、网格或单位。请检查编码。", "There is no such role, grid or unit. Check the codes."],
  offline: ["与服务器的连接已断开。页面内容可能不是最新；已填写的内容不会丢失。", "The connection to the server is lost. What you see may be old; what you have written is not lost."],
  retry: ["重试", "Try again"],
  stopped: ["实时更新已停止。", "Live updates have stopped."],
  loading: ["正在载入…", "Loading…"],
  noRights: [
    "您的账户没有查看此页的权限。请联系本级管理员授予角色；若刚刚获得授权，请重试。",
    "Your account may not see this page. Ask an administrator for a role; if you were just given one, try again.",
  ],
  failed: ["载入失败。", "This could not be loaded."],
  noPage: ["没有这个页面。", "There is no such page."],
  desk: ["调度台", "Dispatch desk"],
  open: ["未办结诉求", "Open cases"],
  status: ["状态", "Status"],
  every: ["全部", "All"],
  town: ["乡镇街道", "Town"],
  everyTown: ["全部乡镇街道", "All towns"],
  countyLevel: ["县级", "County"],
  late: ["仅超期", "Late only"],
  filters: ["筛选", "Filters"],
  found: ["条", "cases"],
  nothing: ["没有符合条件的诉求。", "No case matches."],
  more: ["载入更多", "Load more"],
  case: ["诉求", "Case"],
  noCase: ["没有这件诉求，或您无权查看。", "There is no such case, or you may not see it."],
  place: ["所在网格", "Where"],
  due: ["时限", "Due"],
  lights: ["红绿灯", "Light"],
  hold: ["暂停计时", "On hold"],
  changedNow: ["已更新", "changed"],
  back: ["返回调度台", "Back to the desk"],
  print: ["打印", "Print"],
  matter: ["诉求内容", "The matter"],
  noText: ["尚无文字内容。", "Nothing is written yet."],
  answer: ["答复", "The answer"],
  details: ["基本情况", "Details"],
  timeline: ["办理经过", "What happened"],
  files: ["附件", "Files"],
  noFiles: ["没有附件。", "No files."],
  clocks: ["时限时钟", "Clocks"],
  spent: ["已用", "Spent"],
  stoppedAt: ["已停止", "Stopped"],
  proposal: ["派单建议", "Proposed units"],
  similar: ["疑似重复", "Maybe the same"],
  orders: ["工单", "Work orders"],
  actions: ["可执行操作", "What you may do"],
  noActions: ["当前没有可执行的操作。", "Nothing can be done now."],
  refused: ["暂不可执行的操作及原因", "What cannot be done, and why"],
  done: ["已完成", "Done"],
  submit: ["提交", "Submit"],
  sending: ["正在提交…", "Sending…"],
  cancel: ["取消", "Cancel"],
  required: ["必填", "required"],
  fillIn: ["请填写", "Fill in"],
  choose: ["请选择", "Choose"],
  yes: ["是", "Yes"],
  no: ["否", "No"],
  checkFields: ["未能提交，请更正以下内容：", "It was not done. Put these right:"],
  atMost: ["最多字数", "Characters at most"],
  eachLine: ["每行一个。", "One a line."],
  duration: ["ISO 8601 时长，如 PT30M 或 P1D。", "An ISO 8601 duration, such as PT30M or P1D."],
  findUnit: ["输入单位名称查找", "Find a unit by its name"],
  noUnit: ["没有找到单位。", "No unit was found."],
  remove: ["移除", "Remove"],
  suggested: ["按派单目录建议", "Proposed by the directory"],
  noForm: ["此操作没有表单。", "There is no form for this."],
  minutes: ["分钟", "minutes"],
} as const;

export type Language = "zh" | "en";
export type Word = keyof typeof WORDS;

export const language = signal<Language>(load<Language>("language") === "en" ? "en" : "zh");

export function say(word: Word): string {
  return WORDS[word][language.value === "zh" ? 0 : 1];
}

/** End a sentence's head as the language does, such as before what is wrong. */
export const colon = (): string => (language.value === "zh" ? "：" : ": ");

export function switchLanguage(): void {
  language.value = language.value === "zh" ? "en" : "zh";
  save("language", language.value);
}
