// Lines changed, beside others who change them too.
module.exports = ({ answered, ask, mend, open, rows, said, text }) => ({
  async text(page) {
    await open(page, "サーバー");
    const before = await said(page);
    await mend(page, 1);
    const field = page.locator(".source");
    await page.waitForFunction(() => document.querySelector(".source").value);
    const told = { source: await field.inputValue() };
    await field.fill("皆さま、ごきげんよう。お嬢様ずんだもんでしてよ。");
    const sound = answered(page, "/api/sound/");
    await field.press("Enter");
    told.spoken = decodeURIComponent((await sound).url());
    const after = await said(page);
    told.changed = after.filter((line) => !before.includes(line));
    told.gone = before.filter((line) => !after.includes(line));
    told.open = await page.locator(".source").inputValue();
    await ask("saved");
    await page.locator("[data-action=undo]:enabled").waitFor();
    told.undo = await page.locator("[data-action=undo]").getAttribute("aria-label");
    await page.locator(".mend .top button", { hasText: "Close" }).click();
    await page.keyboard.press("Control+z");
    await page.waitForFunction((line) => [...document.querySelectorAll(".text")].some((element) => element.textContent === line), told.gone[0]);
    told.undone = await said(page);
    await ask("undone");
    await page.locator("[data-action=redo]").click();
    await page.waitForFunction((line) => [...document.querySelectorAll(".text")].some((element) => element.textContent === line), told.changed[0]);
    told.before = before;
    return told;
  },

  async passed(page) {
    const notice = page.locator(".trouble[data-kind=passed]");
    const change = async (title, text) => {
      await open(page, title);
      await rows(page).first().locator("[data-action=edit]").click();
      await page.waitForFunction(() => document.querySelector(".source")?.value);
      await page.locator(".source").fill(text);
      await page.locator(".source").press("Enter");
      await page.locator(".text", { hasText: text }).waitFor();
    };
    await change("サーバー", "はじめに変えた行。");
    await change("朝いち", "あとで変えた行。");
    await ask("edit");
    await page.locator(".text", { hasText: "よその行。" }).waitFor();
    await page.locator("[data-action=undo][aria-label*=サーバー], [data-action=undo][aria-label*=皆さま]").waitFor();
    await page.locator("[data-action=undo]").click();
    await notice.waitFor();
    const told = { passed: (await notice.innerText()).split("\n").filter(Boolean), steps: await notice.locator("li").count(), left: await page.locator("[data-action=undo]").getAttribute("aria-label") };
    await page.locator("[data-action=undo]").click();
    await page.locator(".trouble .what p", { hasText: "Nothing was undone" }).waitFor();
    told.refused = (await notice.innerText()).split("\n").filter(Boolean);
    told.notices = await page.locator(".troubles .trouble").count();
    await page.locator(".source").fill("これで決まり。");
    await page.locator(".source").press("Enter");
    await notice.waitFor({ state: "detached" });
    return told;
  },

  async meanwhile(page) {
    await open(page, "サーバー");
    await rows(page).nth(0).locator("[data-action=edit]").click();
    await page.waitForFunction(() => document.querySelector(".source").value);
    const field = page.locator(".source");
    await field.fill("わたしの文。");
    // Somebody else, in another tab, changes another line.
    const other = await page.context().newPage();
    await open(other, "サーバー");
    await rows(other).nth(4).locator("[data-action=edit]").click();
    await other.waitForFunction(() => document.querySelector(".source").value);
    await other.locator(".source").fill("よそで変わった行。");
    await other.locator(".source").press("Enter");
    await page.locator(".text", { hasText: "よそで変わった行。" }).waitFor();
    const told = { kept: await field.inputValue(), said: await said(page) };
    await other.close();
    // And somebody changes this very line in an editor.
    await ask("edit");
    await field.press("Enter");
    await page.locator(".theirs").waitFor();
    told.theirs = await page.locator(".theirs").innerText();
    told.mine = await field.inputValue();
    await ask("conflict");
    await page.locator(".note button").first().click();
    await page.locator(".text", { hasText: "わたしの文。" }).waitFor();
    // What is typed and not saved outlasts the panel, and the page.
    const typed = async () => {
      await rows(page).nth(2).locator("[data-action=edit]").click();
      await page.waitForFunction(() => document.querySelector(".source")?.value);
      return page.locator(".source").inputValue();
    };
    told.saved = await typed();
    await page.locator(".source").fill("まだ保存していない文。");
    await page.locator(".mend .top button.flat").click();
    told.again = await typed();
    await page.reload();
    told.anew = await typed();
    await page.locator(".source").fill(told.saved);
    await page.locator(".mend .top button.flat").click();
    told.given = await typed();
    return told;
  },

  async accent(page) {
    await open(page, "サーバー");
    await rows(page).nth(1).locator("[data-action=play]").click();
    await page.waitForFunction(() => document.querySelectorAll("[data-utterance]")[1].classList.contains("spoken"));
    await mend(page, 1);
    await page.locator("[data-tab=accent]").click();
    const accent = page.locator(".accent").first();
    await accent.waitFor();
    const told = { phrases: await text(page.locator(".phrase .moras")), was: Number(await accent.inputValue()) };
    // It sounds while it is saved.
    const changed = async (act) => {
      const sound = answered(page, "/api/trial/");
      await act();
      await page.waitForFunction(() => ![...document.querySelectorAll(".mend [role=status]")].some((element) => /Saving/.test(element.textContent)));
      return (await sound).status();
    };
    told.spoken = await changed(async () => {
      await accent.focus();
      await page.keyboard.press("ArrowLeft");
    });
    told.is = Number(await accent.inputValue());
    told.said = await accent.getAttribute("aria-valuetext");
    await page.locator(".mend .top", { hasText: "Saved in the script" }).waitFor();
    await page.waitForFunction(() => document.querySelector("[data-action=compare]").disabled === false);
    told.focused = await page.evaluate(() => document.activeElement.className);
    await ask("moved");
    await page.keyboard.press("b");
    told.compared = await page.locator(".which").innerText();
    await changed(() => page.locator("[data-action=split]").first().click());
    told.split = await text(page.locator(".phrase .moras"));
    await ask("split");
    await changed(() => page.locator("[data-action=join]").first().click());
    told.joined = await text(page.locator(".phrase .moras"));
    const pitch = page.locator(".tune.pitch:enabled").first();
    await changed(async () => {
      await pitch.focus();
      await page.keyboard.press("ArrowUp");
    });
    told.pitch = Number(await pitch.inputValue());
    await ask("raised");
    await page.locator("[data-action=kana]").first().click();
    await changed(async () => {
      const field = page.locator(".spelling input");
      await field.fill("ざ'りがに");
      await page.keyboard.press("Enter");
      await field.waitFor({ state: "detached" });
    });
    told.spelled = await text(page.locator(".phrase .moras"));
    await ask("spelled");
    const sound = answered(page, "/api/sound/");
    await page.locator("[data-action=reset]").click();
    await sound;
    await page.waitForFunction((was) => Number(document.querySelector(".accent").value) === was, told.was);
    told.reset = await text(page.locator(".phrase .moras"));
    return told;
  },

  // A changed accent is heard while it is saved: when saving takes long, when it is refused, and when others follow.
  async tried(page) {
    await page.addInitScript(() => {
      globalThis.begun = 0;
      const play = HTMLMediaElement.prototype.play;
      HTMLMediaElement.prototype.play = function () {
        if (!("begins" in this)) this.addEventListener("playing", () => { if (this.begins) globalThis.begun++; this.begins = false; });
        this.begins = true;
        return play.call(this);
      };
    });
    await open(page, "サーバー");
    await page.getByRole("button", { name: "Repeat this line" }).click(); // so that what sounds can be looked at
    const row = rows(page).nth(1);
    await mend(page, 1);
    await page.locator("[data-tab=accent]").click();
    const accent = page.locator(".accent").first();
    await accent.waitFor();
    const status = page.locator(".mend .top > [role=status]").first();
    const begun = (count) => page.waitForFunction((wanted) => globalThis.begun === wanted, count);
    const value = async () => Number(await accent.inputValue());
    const told = { was: await value() };

    await ask("hold");
    await accent.focus();
    await page.keyboard.press("ArrowLeft");
    await begun(1);
    told.is = await value();
    told.saving = await status.innerText();
    told.moras = (await page.locator(".now .mora").count()) > 0;
    told.current = await row.getAttribute("aria-current");
    await ask("heard");
    await page.locator(".mend .top", { hasText: "Saved in the script" }).waitFor();
    await page.locator("[data-action=compare]:enabled").waitFor();
    await page.waitForFunction(() => document.querySelectorAll("[data-utterance]")[1].classList.contains("spoken"));
    await ask("saved");

    await ask("obstruct");
    await page.keyboard.press("ArrowLeft");
    await page.locator(".troubles .trouble").waitFor();
    await page.waitForFunction((is) => Number(document.querySelector(".accent").value) === is, told.is);
    told.refused = await page.locator(".troubles .trouble").innerText();
    told.silent = await row.getAttribute("aria-current");
    await ask("clear");
    const before = await page.evaluate(() => globalThis.begun);
    await row.locator("[data-action=play]").click();
    await begun(before + 1);
    await page.keyboard.press("Escape");
    await ask("refused");

    const tried = [];
    page.on("request", (request) => {
      if (request.url().includes("/api/trial/")) tried.push(request.postDataJSON().accent_phrases[0].accent);
    });
    let saved = 0;
    page.on("response", (response) => {
      if (response.url().includes("/api/take/")) saved++;
    });
    const already = await page.evaluate(() => globalThis.begun);
    await ask("busy");
    await page.locator("[data-action=question]").click();
    await accent.focus();
    await page.keyboard.press("ArrowLeft");
    await page.locator("[data-action=pause]").first().click();
    while (tried.length < 3) await page.waitForTimeout(20);
    await ask("free");
    await begun(already + 1);
    while (saved < 3) await page.waitForTimeout(20);
    await page.waitForFunction(() => document.querySelectorAll("[data-utterance]")[1].classList.contains("spoken"));
    told.tried = tried;
    told.last = await value();
    await ask("several");
    await page.keyboard.press("Escape");
    await page.locator(".mend .top button.flat", { hasText: "Close" }).click();
    for (let more = true; more; ) {
      const undone = answered(page, "/api/undo");
      await page.keyboard.press("Control+z");
      more = (await (await undone).json()).undo !== null;
    }
    await row.locator("[data-action=play]").click();
    await begun(already + 2);
    await ask("undone");
    return told;
  },

  async manner(page) {
    await open(page, "サーバー");
    await mend(page, 1);
    await page.locator("[data-tab=manner]").click();
    const field = (name) => page.locator(`[data-key=${name}]`);
    const status = () => page.locator(".mend .top > [role=status]").first().innerText();
    await field("speed").waitFor();
    const told = { saved: [], voices: await page.locator(".manner-of-line select option").count() };
    const heard = async (name, act) => {
      const sound = answered(page, "/api/sound/");
      await act();
      await sound;
      await page.waitForFunction(() => ![...document.querySelectorAll(".mend [role=status]")].some((element) => /Saving/.test(element.textContent)));
      told.saved.push(await status());
      await ask(name);
    };
    await heard("speed", async () => {
      await field("speed").focus();
      await page.keyboard.press("ArrowUp");
    });
    await page.locator("[data-action=compare]:enabled").waitFor();
    told.focused = await page.evaluate(() => document.activeElement.dataset.key);
    await page.keyboard.press("b");
    await page.locator(".which").waitFor();
    told.compared = await page.locator(".which").innerText();
    await heard("pitch", async () => {
      const box = await page.locator("[data-of=pitch] [type=range]").boundingBox();
      await page.mouse.click(box.x + box.width * 0.75, box.y + box.height / 2);
    });
    await heard("intonation", () => field("intonation").fill("1.5"));
    await heard("pitchBack", () => page.locator("button[data-of=pitch]").click());
    await heard("voice", () => page.locator(".manner-of-line select").selectOption({ index: 1 }));
    await heard("before", async () => {
      await field("before").fill("0.5");
      await page.keyboard.press("Enter");
    });
    await heard("after", () => field("after").fill("1.25"));
    await heard("afterBack", () => page.locator("button[data-of=after]").click());
    told.after = await field("after").inputValue();
    const gone = (await said(page))[1];
    await page.locator("[data-action=out]").focus();
    await page.keyboard.press("Enter");
    await page.waitForFunction((line) => ![...document.querySelectorAll(".text")].some((element) => element.textContent === line), gone);
    await ask("out");
    await page.locator("[data-utterance]:focus").waitFor();
    told.next = await page.evaluate(() => document.activeElement.closest("[data-utterance]")?.querySelector(".text").textContent);
    told.undo = await page.locator("[data-action=undo]").getAttribute("aria-label");
    const lines = await said(page);
    told.out = lines[1];
    await page.keyboard.press("Control+z");
    await page.locator(".text", { hasText: gone }).waitFor();
    await ask("back");
    return told;
  },
});
