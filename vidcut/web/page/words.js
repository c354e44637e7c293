// All that the page says, in English and Chinese. A plural is written "one|many".

/** @type {Record<string, [string, string]>} */
const WORDS = {
  // The rooms and the bar
  find: ["Find", "查找"],
  script: ["Script", "脚本"],
  library: ["Library", "素材库"],
  moment: ["Moment", "片段"],
  rooms: ["Rooms", "页面"],
  skip: ["Skip to the content", "跳到内容"],
  search: ["Search", "搜索"],
  search_placeholder: ["What are you looking for?", "想找什么画面、台词或文字？"],
  theme_auto: ["Colours: as the system", "颜色：跟随系统"],
  theme_light: ["Colours: light", "颜色：浅色"],
  theme_dark: ["Colours: dark", "颜色：深色"],
  close: ["Close", "关闭"],
  cancel: ["Cancel", "取消"],
  back: ["Back", "返回"],
  server_gone: [
    "vidcut serve has stopped. This page goes on when it runs again.",
    "vidcut serve 已停止；重新运行后本页会继续。",
  ],
  refused: ["The server refused ({status}).", "服务器拒绝了请求（{status}）。"],

  // Before a search
  welcome: ["Find the moment", "找到那一刻"],
  welcome_lead: [
    "{videos} videos: {frames} glimpses, {said} spoken lines and {written} written lines to search.",
    "{videos} 个视频：可搜索 {frames} 处画面、{said} 句台词、{written} 处屏幕文字。",
  ],
  way_any: ["a cup of coffee", "一杯咖啡"],
  way_any_says: ["seen, said or written, in any language", "画面、台词、文字，任何语言"],
  way_said: ["said:hello", "said:你好"],
  way_said_says: ["only what is said", "只找说的话"],
  way_written: ["written:menu", "written:菜单"],
  way_written_says: ["only what is on screen", "只找屏幕上的字"],
  way_then: ["a flower >> a lake", "花 >> 湖"],
  way_then_says: ["first one, soon after the other", "先一个，随后另一个"],
  your_footage: ["Your footage", "你的素材"],
  no_footage: ["Nothing is indexed yet.", "还没有索引任何素材。"],
  open_library: ["Add a folder in the library", "去素材库添加文件夹"],

  // Where to look
  where_to_look: ["Where to look", "在哪里找"],
  mode_frame: ["Seen", "画面"],
  mode_asr: ["Said", "台词"],
  mode_ocr: ["Written", "文字"],
  filters: ["Filters", "筛选"],
  clear_filters: ["Clear filters", "清除筛选"],
  video: ["Video", "视频"],
  all_videos: ["All videos", "所有视频"],
  this_video: ["This video", "这个视频"],
  date_from: ["From", "从"],
  date_to: ["To", "到"],
  shortest_s: ["At least, seconds", "至少（秒）"],
  longest_s: ["At most, seconds", "至多（秒）"],
  like: ["Like", "像"],
  unlike: ["Not", "不像"],
  remove_x: ["Remove: {x}", "移除：{x}"],

  // What was found
  moments: ["Moments", "片段"],
  n_moments: ["{n} moment|{n} moments", "{n} 个片段"],
  n_moments_more: ["the best {n}, and more", "最好的 {n} 个，还有更多"],
  nothing_found: ["Nothing matches well enough", "没有足够相符的内容"],
  nothing_found_hint: [
    "Say it in other words, or look everywhere: seen, said and written.",
    "换个说法，或在画面、台词、文字里都找找。",
  ],
  start_over: ["Start over", "重新开始"],
  offline_note: [
    "What is seen was matched by the offline model, which knows things by name.",
    "画面由离线模型匹配，它按名称认识事物。",
  ],
  score: ["Score", "分数"],
  score_title: ["How sure: {score} of 1", "把握：{score}（满分 1）"],
  why: ["Why it matches", "为什么相符"],
  looks_like_it: ["looks like it", "画面相似"],
  take: ["Add to tray", "放入托盘"],
  untake: ["In the tray", "已在托盘"],
  taken: ["Added to the tray", "已放入托盘"],
  more_like: ["More like this", "更多类似"],
  not_this: ["Not this", "不要这个"],
  left_out: ["Left out", "已排除"],
  cannot_play: ["This video cannot be played.", "这个视频无法播放。"],

  // A moment
  player: ["Player", "播放器"],
  play: ["Play", "播放"],
  pause: ["Pause", "暂停"],
  loop: ["Loop the moment", "循环播放片段"],
  mute: ["Mute", "静音"],
  unmute: ["Sound on", "打开声音"],
  position: ["Position in the video", "视频中的位置"],
  cut_this: ["Cut", "剪出"],
  end_start: ["Start of the moment", "片段开头"],
  end_end: ["End of the moment", "片段结尾"],
  snap_shots: ["shot", "镜头"],
  snap_sentences: ["sentence", "句子"],
  snap_silences: ["silence", "静音"],
  zoom_in: ["Zoom in", "放大"],
  zoom_out: ["Zoom out", "缩小"],
  original_ends: ["Back to the ends that were found", "恢复找到时的首尾"],
  transcript: ["What is said and written", "台词与屏幕文字"],
  no_lines: ["Nothing is said or written here.", "这里没有台词，也没有文字。"],
  shots: ["Shots", "镜头"],
  shot_n: ["Shot {n} at {at}, {length}", "第 {n} 个镜头，{at}，{length}"],
  video_gone: ["This video cannot be shown", "无法显示这个视频"],

  // The tray
  tray: ["Tray", "托盘"],
  tray_total: ["{n} moment · {length}|{n} moments · {length}", "{n} 个片段 · {length}"],
  tray_hint: ["Drag moments here, or press x on one.", "把片段拖到这里，或在片段上按 x。"],
  cut_clips: ["Cut clips", "剪出片段"],
  make_reel: ["Make a reel", "合成一条"],
  export: ["Export", "导出"],
  options: ["Options", "选项"],
  format: ["Timeline format", "时间线格式"],
  format_fcpxml: ["Final Cut Pro (.fcpxml)", "Final Cut Pro（.fcpxml）"],
  format_xmeml: ["Premiere, Resolve (.xml)", "Premiere、达芬奇（.xml）"],
  format_edl: ["EDL (.edl)", "EDL（.edl）"],
  format_otio: ["OpenTimelineIO (.otio)", "OpenTimelineIO（.otio）"],
  format_kdenlive: ["Kdenlive (.kdenlive)", "Kdenlive（.kdenlive）"],
  format_mlt: ["Shotcut (.mlt)", "Shotcut（.mlt）"],
  format_capcut: ["CapCut (.capcut)", "剪映（.capcut）"],
  format_csv: ["Table (.csv)", "表格（.csv）"],
  format_srt: ["Subtitles (.srt)", "字幕（.srt）"],
  format_m3u: ["Playlist (.m3u8)", "播放列表（.m3u8）"],
  format_mpv: ["mpv (.mpv)", "mpv（.mpv）"],
  format_vtt: ["Subtitles for the web (.vtt)", "网页字幕（.vtt）"],
  vertical: ["Vertical, 9:16, following the subject", "竖屏 9:16，跟随主体"],
  fade: ["Fade between moments", "片段之间淡入淡出"],
  copy_command: ["Copy the shell command", "复制命令行"],
  copied: ["Copied. It does the same in a shell.", "已复制，在命令行里效果相同。"],
  cannot_copy: ["This browser lets no page copy here.", "浏览器不允许复制。"],
  empty_tray: ["Empty the tray", "清空托盘"],
  emptied: ["The tray is empty; it held {n}.", "托盘已清空，原有 {n} 个。"],
  moved_to: ["Moved to place {n}", "已移到第 {n} 位"],
  activity: ["Activity", "任务"],
  no_jobs: ["Nothing was made yet.", "还没有任务。"],
  n_more_files: ["and {n} more under Activity", "还有 {n} 个，见「任务」"],
  job_cut: ["Clips", "剪片段"],
  job_reel: ["Reel", "合成"],
  job_export: ["Timeline", "时间线"],
  job_index: ["Indexing", "索引"],
  job_script: ["Rough cut", "粗剪"],
  job_begun: ["{what}: begun", "{what}：已开始"],
  job_done: ["{what}: ready", "{what}：完成"],
  state_done: ["ready", "完成"],
  state_failed: ["failed", "失败"],
  state_cancelled: ["cancelled", "已取消"],
  failed: ["failed", "失败"],

  // The script
  script_text: ["The script", "脚本正文"],
  script_placeholder: [
    "One line for each shot you need.\n\nMorning at the lake\nA cup of coffee on the table\nWe talk about the trip",
    "每行写一个需要的镜头。\n\n清晨的湖边\n桌上的一杯咖啡\n聊起这次旅行",
  ],
  script_help: [
    "Each line becomes a slot, as long as it takes to read. Each finds what fits it best; no footage is shown twice.",
    "每行成为一个位置，时长等于朗读所需；各自找到最合适的素材，不重复使用。",
  ],
  script_none: ["The storyboard appears here.", "分镜会出现在这里。"],
  plan: ["Find the footage", "匹配素材"],
  storyboard: ["Storyboard", "分镜"],
  slots_filled: ["{n} of {of} lines filled", "{of} 行中已有 {n} 行匹配"],
  n_gaps: ["{n} gap|{n} gaps", "{n} 处空缺"],
  gap: ["Nothing fits this line", "没有合适的素材"],
  candidates: ["What else fits", "其他候选"],
  lock: ["Lock this choice", "锁定"],
  unlock: ["Unlock this choice", "解除锁定"],
  swapped: ["Line {n} shows something else now", "第 {n} 行已更换"],
  all_to_tray: ["All to the tray", "全部放入托盘"],
  render: ["Render", "渲染"],

  // The library
  videos: ["Videos", "视频"],
  add_folder: ["Add a folder", "添加文件夹"],
  add: ["Add", "添加"],
  folder_example: ["/home/you/Footage", "/home/you/素材"],
  retry: ["Try again", "重试"],
  reindex: ["Look for changes", "重新索引"],
  running: ["Indexing", "索引任务"],
  models: ["Models", "模型"],
  offline_model: [
    "The pictures' model that needs no download: names of things, no fine detail.",
    "画面用的是无需下载的模型：认得出物体，细节有限。",
  ],
  filter_videos: ["Filter by name", "按名称筛选"],
  n_videos: ["{n} video|{n} videos", "{n} 个视频"],
  n_failed: ["{n} file could not be indexed|{n} files could not be indexed", "{n} 个文件无法索引"],
  column_video: ["Video", "视频"],
  column_length: ["Length", "时长"],
  column_picture: ["Picture", "画面"],
  column_chunks: ["Chunks", "索引块"],
  column_size: ["Size", "大小"],
  column_state: ["State", "状态"],
  video_ok: ["ready", "就绪"],
  video_partial: ["in part", "部分"],
  video_failed: ["failed", "失败"],
  video_missing: ["missing", "缺失"],

  // The help
  help: ["Keys and queries", "按键与查询"],
  everywhere: ["Everywhere", "所有页面"],
  help_language: ["What a query may say", "查询语法"],
  help_any: ["seen, said or written, in any language", "画面、台词或文字，任何语言"],
  help_exact: ["said or written word for word", "一字不差地说出或写出"],
  help_said: ["only what is said", "只找说的话"],
  help_written: ["only what is written on screen", "只找屏幕上的字"],
  help_shown: ["only what is seen", "只找画面"],
  help_without: ["without that", "不要某样东西"],
  help_weight: ["counts so many times as much", "加重某个词"],
  help_then: ["first one, soon after it the other", "先一个，随后另一个"],
  key_next: ["Next moment", "下一个片段"],
  key_previous: ["Previous moment", "上一个片段"],
  key_row: ["Row down, row up", "下一行、上一行"],
  key_play: ["Play in place", "原地播放"],
  key_open: ["Open", "打开"],
  key_take: ["To the tray, or out of it", "放入或移出托盘"],
  key_toggle: ["Play, pause", "播放、暂停"],
  key_in: ["Start here", "从这里开始"],
  key_out: ["End here", "到这里结束"],
  key_ends: ["To the start, near the end", "到开头、接近结尾"],
  key_second: ["A second back, a second on", "后退、前进一秒"],
  key_frame: ["A frame back, a frame on", "后退、前进一帧"],
  key_step: ["Next, previous moment", "下一个、上一个片段"],
  key_tray: ["Fold the tray", "折叠托盘"],
  key_search: ["Search", "搜索"],
  key_rooms: ["Find, script, library", "查找、脚本、素材库"],
  key_escape: ["Stop, leave the field", "停止，离开输入框"],
};

const KEY = "vidcut.language";
const TONGUE = document.documentElement.lang.startsWith("zh") ? 1 : 0;
const plural = new Intl.PluralRules("en");

/** @returns {"en"|"zh"} */
export const language = () => (TONGUE ? "zh" : "en");

/**
 * A text of the dictionary; a name that it lacks (a state of a newer server) stands for itself.
 * @param {string} key
 * @param {Record<string, string|number>} [values] what stands in the braces; `n` chooses the plural
 * @returns {string}
 */
export function t(key, values = {}) {
  const text = Object.hasOwn(WORDS, key) ? WORDS[key][TONGUE] : key.replace(/^[a-z]+_/, "");
  const forms = text.split("|");
  const isOne = forms.length > 1 && plural.select(Number(values.n)) === "one";
  return forms[forms.length > 1 && !isOne ? 1 : 0].replace(/\{(\w+)\}/g, (whole, name) =>
    Object.hasOwn(values, name) ? String(values[name]) : whole,
  );
}

/**
 * Speak another language: the page begins anew, and what it holds is kept.
 * @param {"en"|"zh"} to
 */
export function become(to) {
  try {
    localStorage.setItem(KEY, to);
  } catch {
    return; // a browser that keeps nothing speaks its own
  }
  location.reload();
}
