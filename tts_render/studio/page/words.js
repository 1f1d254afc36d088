// Everything that the page says, in the languages that it speaks.

export const language = (navigator.language || "en").toLowerCase().startsWith("ja") ? "ja" : "en";

const table = {
  studio: ["tts-render studio", "tts-render スタジオ"],
  episodes: ["Episodes", "エピソード"],
  findEpisode: ["Find an episode", "エピソードを検索"],
  noEpisodes: ["No post of this site has audio_file_path in its front matter.", "audio_file_path のある記事がこのサイトにはありません。"],
  noneFound: ["Nothing matches.", "見つかりませんでした。"],
  noAudio: ["no audio", "音声なし"],
  allEpisodes: ["All episodes", "エピソード一覧"],
  loading: ["Loading…", "読み込み中…"],
  undo: ["Undo", "元に戻す"],
  redo: ["Redo", "やり直す"],
  undoWhat: ["Undo: {name}", "元に戻す：{name}"],
  redoWhat: ["Redo: {name}", "やり直す：{name}"],
  undone: ["Undone: {name}", "元に戻しました：{name}"],
  redone: ["Done again: {name}", "やり直しました：{name}"],
  keys: ["Keys", "キー操作"],
  close: ["Close", "閉じる"],
  again: ["Try again", "もう一度試す"],
  gone: ["The studio does not answer. What you see may be out of date. Trying again…", "スタジオに接続できません。表示が古くなっている可能性があります。再接続しています…"],
  refused: ["This page is not let in any more. Open the address that tts-render studio has printed.", "このページからは操作できなくなりました。tts-render studio が表示したアドレスを開き直してください。"],
  back: ["The studio is back.", "スタジオに再接続しました。"],
  unknownFailure: ["The studio failed to answer ({status}). Its terminal says why.", "スタジオがエラーを返しました（{status}）。原因はターミナルに表示されています。"],
  atLine: ["line {line}", "{line}行目"],
  lines: ["Lines", "セリフ"],
  count: ["{spoken} of {all} lines spoken", "{all}行中{spoken}行を合成済み"],
  length: ["Length", "長さ"],
  about: ["about {time}", "約{time}"],
  engine: ["Engine", "エンジン"],
  script: ["Script", "台本"],
  date: ["Date", "日付"],
  remarks: ["About the script", "台本について"],
  misfits: ["Mended lines that are not used any more", "台本が変わって使われなくなった調整"],
  findLine: ["Find in the lines", "セリフを検索"],
  found: ["{found} of {all}", "{all}件中{found}件"],
  new: ["new", "未合成"],
  speaking: ["being spoken", "合成中"],
  spoken: ["spoken", "合成済み"],
  failed: ["failed", "失敗"],
  mended: ["mended", "調整済み"],
  pause: ["pause {seconds} s", "間 {seconds}秒"],
  sound: ["{name}, {seconds} s", "{name}（{seconds}秒）"],
  seconds: ["{seconds} s", "{seconds}秒"],
  play: ["Play", "再生"],
  playLine: ["Play this line", "この行を再生"],
  playFrom: ["Play from here on", "ここから続けて再生"],
  playAll: ["Play from the beginning", "最初から再生"],
  edit: ["Mend", "直す"],
  editLine: ["Mend this line", "この行を直す"],
  pausePlay: ["Pause", "一時停止"],
  resume: ["Resume", "再開"],
  stop: ["Stop", "停止"],
  previous: ["Previous line", "前の行"],
  next: ["Next line", "次の行"],
  loop: ["Repeat this line", "この行を繰り返す"],
  speed: ["Speed", "速度"],
  player: ["Player", "プレーヤー"],
  nothingPlays: ["Nothing is playing", "再生していません"],
  waiting: ["Waiting for the engine…", "合成を待っています…"],
  cannotPlay: ["The browser cannot play this.", "ブラウザで再生できませんでした。"],
  text: ["Text", "本文"],
  accent: ["Accent", "アクセント"],
  sourceLine: ["Line {line} of {script}", "{script} の{line}行目"],
  save: ["Save", "保存"],
  saveHint: ["Enter saves, Escape closes. The file changes in this line only.", "Enterで保存、Escapeで閉じます。ファイルはこの行だけが変わります。"],
  saved: ["Saved", "保存しました"],
  saving: ["Saving…", "保存中…"],
  stale: ["This line of the file was changed in the meantime. It now reads:", "この行は、ほかで書き換えられています。いまのファイルの内容："],
  yours: ["What you typed is still in the field above.", "入力した内容は、上の欄に残っています。"],
  overwrite: ["Save mine all the same", "自分の内容で上書きする"],
  takeTheirs: ["Take what the file has", "ファイルの内容にする"],
  lost: ["This line is not in the script any more. What you typed is kept here until you close it.", "この行は台本からなくなりました。入力した内容は、閉じるまでここに残ります。"],
  accentOf: ["Accent of {kana}", "「{kana}」のアクセント"],
  fallsAfter: ["falls after {mora}", "「{mora}」のあとで下がる"],
  flat: ["does not fall (flat)", "下がらない（平板）"],
  voiceless: ["voiceless", "無声化"],
  makeVoiceless: ["{mora}: voiceless", "{mora}：無声化"],
  split: ["Split the accent phrase before {mora}", "「{mora}」の前でアクセント句を分ける"],
  join: ["Join with the next accent phrase", "次のアクセント句とつなげる"],
  pauseAfter: ["Pause after this phrase", "この句のあとに間を入れる"],
  pauseLength: ["Length of the pause", "間の長さ"],
  question: ["Question", "疑問形"],
  kanaOf: ["Kana of this phrase", "この句の読み"],
  changeKana: ["Change the kana of {kana}", "「{kana}」の読みを変える"],
  kanaHint: ["' after the accented mora · / between phrases · 、 for a pause · _ before a voiceless mora", "「'」アクセントの位置　「/」句の区切り　「、」間　「_」次の拍を無声化"],
  pitch: ["Pitch", "高さ"],
  pitchOf: ["Pitch of {mora}", "「{mora}」の高さ"],
  lengths: ["Lengths", "長さ"],
  vowelOf: ["Length of the vowel of {mora}", "「{mora}」の母音の長さ"],
  consonantOf: ["Length of the consonant of {mora}", "「{mora}」の子音の長さ"],
  hertz: ["{hertz} Hz", "{hertz}ヘルツ"],
  milliseconds: ["{ms} ms", "{ms}ミリ秒"],
  intonation: ["Intonation", "抑揚"],
  reset: ["Back to the engine's own", "エンジンの読みに戻す"],
  resetHint: ["A double click or Delete on a slider leaves it to the engine again.", "スライダーをダブルクリックするか Delete を押すと、エンジンの値に戻ります。"],
  compare: ["Hear before / after", "変更前と聞き比べる"],
  before: ["before", "変更前"],
  after: ["after", "変更後"],
  noBefore: ["There is nothing to compare with yet.", "まだ聞き比べるものがありません。"],
  notPitches: ["{engine} decides pitches itself.", "{engine} は高さを自分で決めるため、変えられません。"],
  notLengths: ["{engine} decides lengths itself.", "{engine} は長さを自分で決めるため、変えられません。"],
  notAccents: ["{engine} takes kana without accents.", "{engine} はアクセントの指定に対応していません。"],
  noPhrases: ["This engine does not tell its accent phrases. Write the reading into the text or the dictionary instead.", "このエンジンからはアクセント句を取得できません。本文か辞書で読みを指定してください。"],
  keyPlay: ["Play the line; pause and resume", "行を再生／一時停止・再開"],
  keyLine: ["Play the line", "行を再生"],
  keyFrom: ["Play from this line on", "この行から続けて再生"],
  keyStop: ["Stop; close the panel", "停止／パネルを閉じる"],
  keyMove: ["Next, previous line", "次の行、前の行"],
  keyLoop: ["Repeat the line", "行を繰り返す"],
  keyEdit: ["Mend the line", "行を直す"],
  keyAccent: ["Mend its accent", "アクセントを直す"],
  keyCompare: ["Hear before and after the change", "変更前と変更後を聞き比べる"],
  keySpeed: ["Slower, faster", "遅く、速く"],
  keyFindLine: ["Find in the lines", "セリフを検索"],
  keyFindEpisode: ["Find an episode", "エピソードを検索"],
  keyUndo: ["Undo, redo", "元に戻す、やり直す"],
  keyHelp: ["These keys", "このキー操作一覧"],
};

/** What the page says for a key of the table, with {names} filled in. */
export const say = (key, values = {}) =>
  table[key][language === "ja" ? 1 : 0].replace(/\{(\w+)\}/g, (_, name) => values[name]);

/** Seconds as a clock: 4:05, or 1:02:03 from an hour on. */
export const clock = (seconds) => {
  const whole = Math.round(seconds);
  const two = (number) => String(number).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes}:${two(whole % 60)}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
};

/** A date as people write it here; its day is that of the post, wherever the reader is. */
export const day = (iso) => {
  const [year, month, date] = iso.slice(0, 10).split("-").map(Number);
  return new Intl.DateTimeFormat(navigator.language, { dateStyle: "medium", timeZone: "UTC" }).format(Date.UTC(year, month - 1, date));
};

/** What of a text is compared in a search. */
export const plain = (text) =>
  text.normalize("NFKC").toLowerCase().replace(/[ァ-ヶ]/g, (kana) => String.fromCharCode(kana.charCodeAt(0) - 0x60));
