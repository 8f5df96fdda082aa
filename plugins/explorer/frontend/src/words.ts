// Words of the page in both languages, Chinese first.
import { signal } from "@preact/signals";
import { load, save } from "./storage";

const WORDS = {
  run: ["运行", "Run"],
  stop: ["停止", "Stop"],
  running: ["正在运行…", "Running…"],
  following: ["正在接收事件…", "Following events…"],
  query: ["查询", "Query"],
  variables: ["变量", "Variables"],
  headers: ["请求头", "Headers"],
  headersNote: ["JSON 对象；仅保留到页面关闭。", "A JSON object, kept until the page is closed."],
  result: ["结果", "Result"],
  docs: ["文档", "Docs"],
  history: ["历史", "History"],
  examples: ["示例", "Examples"],
  search: ["搜索字段、类型或中文名称", "Search fields, types or Chinese terms"],
  nothing: ["没有找到。", "Nothing found."],
  roots: ["入口", "Where to begin"],
  fields: ["字段", "Fields"],
  values: ["取值", "Values"],
  members: ["可能的类型", "Possible types"],
  implementsWhat: ["实现的接口", "Implements"],
  arguments: ["参数", "Arguments"],
  type: ["类型", "Type"],
  deprecated: ["已弃用", "Deprecated"],
  plugin: ["插件", "Plugin"],
  allPlugins: ["全部来源", "All sources"],
  core: ["核心", "Core"],
  insert: ["插入示例查询", "Insert a query"],
  role: ["角色", "Role"],
  grid: ["网格代码", "Grid code"],
  unit: ["单位代码", "Unit code"],
  apply: ["切换", "Switch"],
  as: ["身份", "Acting as"],
  stranger: ["访客（未登录）", "Nobody (not signed in)"],
  token: ["访问令牌", "Access token"],
  tokenNote: ["只保存在本页内存中，不会写入浏览器。", "Kept in this page's memory, and nowhere else."],
  useToken: ["使用令牌", "Use a token"],
  copyAs: ["复制为", "Copy as"],
  copied: ["已复制", "Copied"],
  newTab: ["新建标签页", "New tab"],
  closeTab: ["关闭标签页", "Close the tab"],
  prettify: ["格式化", "Prettify"],
  untitled: ["未命名", "Untitled"],
  clear: ["清空", "Clear"],
  loading: ["正在加载接口结构…", "Loading the schema…"],
  loaded: ["接口结构已加载", "The schema is loaded"],
  closed: ["当前身份无权查看接口结构；仍可运行已知的查询。", "You may not explore the schema; queries you know still run."],
  noSchema: ["接口结构加载失败。", "The schema could not be loaded."],
  badJson: ["不是有效的 JSON 对象。", "This is no JSON object."],
  badDocument: ["查询有语法错误。", "The query has a syntax error."],
  offline: ["服务器没有响应。", "The server does not answer."],
  noSuch: ["没有这个角色、网格或单位。", "There is no such role, grid or unit."],
  plan: ["成本与 SQL", "Cost and SQL"],
  planEmpty: ["查询语句正确时，这里显示运行它的成本。", "What running it costs is shown here once the query is well-formed."],
  planClosed: ["当前身份无权查看 SQL。", "You may not see the SQL."],
  planMutation: ["变更由命令执行，没有单一的 SQL 语句。", "A mutation runs its command, which is no single statement."],
  statement: ["SQL 语句", "Statement"],
  steps: ["执行计划", "Plan"],
  cost: ["成本", "Cost"],
  costNote: ["最多涉及的对象数 / 上限", "objects at most / the limit"],
  events: ["个事件", "events"],
  language: ["English", "中文"],
  empty: ["运行后结果显示在这里。", "The result appears here once you run something."],
  keys: ["Ctrl+Enter 运行 · Ctrl+Space 补全 · Ctrl+Alt+T 新标签页", "Ctrl+Enter runs · Ctrl+Space completes · Ctrl+Alt+T opens a tab"],
} as const;

export type Language = "zh" | "en";
export type Word = keyof typeof WORDS;

export const language = signal<Language>(load<Language>("language") === "en" ? "en" : "zh");

export function say(word: Word): string {
  return WORDS[word][language.value === "zh" ? 0 : 1];
}

export function switchLanguage(): void {
  language.value = language.value === "zh" ? "en" : "zh";
  save("language", language.value);
  document.documentElement.lang = language.value === "zh" ? "zh-CN" : "en";
}

// Descriptions are "English (中文)." in the schema; what is Chinese in them comes first here.
export function splitLabel(description: string): { term: string; text: string } {
  const terms = [...description.matchAll(/\(([^()]*[\u4e00-\u9fff][^()]*)\)/g)].map((found) => found[1] ?? "");
  return { term: terms.join("；"), text: description.replace(/\s*\(([^()]*[\u4e00-\u9fff][^()]*)\)/g, "") };
}
