// What is changed in many lines at once.
module.exports = ({ ask, focused, open, rows, said, text }) => ({
  async word(page) {
    await open(page, "サーバー");
    const row = rows(page).filter({ hasText: "バックアップですの" });
    const dialog = page.locator("dialog.word");
    const told = {};
    // who types before the dictionary has answered is answered all the same
    let answer;
    const held = new Promise((resolve) => { answer = resolve; });
    await page.route("**/api/word/**", async (route) => { await held; await route.continue(); }, { times: 1 });
    await row.locator("[data-action=word]").click();
    await dialog.locator("#word-surface").fill("控え");
    await dialog.locator("#word-reading").fill("ひかえ");
    answer();
    await dialog.locator(".changes li").first().waitFor();
    told.hurried = [await dialog.locator("[type=submit]").innerText(), await dialog.locator("#word-reading").inputValue()];
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    // by mouse: what is selected is the word
    await row.locator(".text").evaluate((element) => {
      const node = document.createTreeWalker(element, NodeFilter.SHOW_TEXT).nextNode();
      const at = node.textContent.indexOf("バックアップ");
      getSelection().setBaseAndExtent(node, at, node, at + "バックアップ".length);
    });
    await row.locator("[data-action=word]").click();
    await dialog.locator("#word-reading:focus").waitFor();
    await page.waitForFunction(() => document.querySelector("#word-reading").value);
    told.prefilled = { surface: await dialog.locator("#word-surface").inputValue(), choices: await dialog.locator(".words.choices:visible").count() };
    await dialog.locator("#word-reading").fill("予備");
    await dialog.locator("#word-reading-wrong:not(:empty)").waitFor();
    told.wrong = await dialog.locator("#word-reading-wrong").innerText();
    told.refused = await dialog.locator("[type=submit]").isDisabled();
    await dialog.locator("#word-reading").fill("よび");
    await dialog.locator(".changes li").first().waitFor();
    told.readings = await text(dialog.locator(".readings"));
    told.episodes = await text(dialog.locator(".changes h3"));
    told.status = await dialog.locator(".told [role=status]").innerText();
    await dialog.locator(".accent").focus();
    await page.keyboard.press("Home");
    told.accent = await dialog.locator(".accent").getAttribute("aria-valuetext");
    await dialog.locator(".changes li").first().waitFor();
    const heard = async (locator) => {
      const sound = page.waitForResponse((response) => response.url().includes("/api/word-sound/"));
      await locator.click();
      const answer = await sound;
      const asked = new URL(answer.url());
      return [decodeURIComponent(asked.pathname.split("/").pop()), asked.searchParams.get("side"), answer.status()];
    };
    told.heard = [await heard(dialog.locator("[data-side=before]").first()), await heard(dialog.locator("[data-side=after]").first()), await heard(dialog.locator("[data-side=after]").last())];
    await ask("tried");
    await dialog.locator("[type=submit]").click();
    await dialog.waitFor({ state: "hidden" });
    await page.waitForFunction(() => document.querySelector(".lines").textContent.includes("ヨビ"));
    told.back = await focused(page);
    await ask("saved");
    // by keyboard: what is there is changed, and taken out
    await page.keyboard.press("d");
    await dialog.locator("#word-surface:focus").waitFor();
    const words = await text(dialog.locator(".words.choices button"));
    for (const word of words.slice(0, words.indexOf("バックアップ") + 1)) if (word) await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await dialog.locator("#word-reading:focus").waitFor();
    told.known = { surface: await dialog.locator("#word-surface").inputValue(), reading: await dialog.locator("#word-reading").inputValue(), place: await dialog.locator(".hint").first().innerText() };
    await dialog.locator("[data-action=remove]").click();
    await page.waitForFunction(() => !document.querySelector("dialog.word [type=submit]").disabled);
    told.removing = { says: await dialog.locator("[type=submit]").innerText(), readings: await text(dialog.locator(".readings")) };
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    told.again = await focused(page);
    await page.keyboard.press("Control+z");
    await page.waitForFunction(() => !document.querySelector(".lines").textContent.includes("ヨビ"));
    return told;
  },

  async replace(page) {
    await open(page, "サーバー");
    const before = await said(page);
    const marks = () => text(page.locator("mark:visible"));
    const status = () => page.locator(".search .find [role=status]").innerText();
    const told = { before };
    await page.keyboard.press("f");
    await page.keyboard.type("ばっくあっぷ");
    told.alike = { marks: await marks(), lines: await page.locator("[data-utterance]:visible").count(), status: await status() };
    await page.keyboard.press("Enter");
    await page.keyboard.press("Enter");
    told.second = { status: await status(), current: await text(page.locator("mark.current")), typing: await page.evaluate(() => document.activeElement.type) };
    await page.keyboard.press("Escape");
    told.left = { marks: await marks(), lines: await page.locator("[data-utterance]:visible").count(), back: await focused(page) };

    await page.keyboard.press("h");
    await page.keyboard.type("ばっくあっぷ");
    told.exactly = await marks(); // nothing: kana are not alike where something is replaced
    await page.locator(".search input[type=search]").fill("バックアップ");
    told.places = await status();
    const by = page.locator(".by input[type=text]");
    await by.fill("控え");
    await by.press("Enter"); // goes there
    await by.press("Enter"); // and replaces it
    await page.locator(".result", { hasText: "1 place replaced." }).waitFor();
    told.one = { said: await said(page), marks: await marks(), current: await page.locator("mark.current").count() };
    await ask("one");
    await page.locator("[data-action=replace-all]").click();
    await page.locator(".result", { hasText: "2 places replaced." }).waitFor();
    told.all = { said: await said(page), visible: await page.locator("[data-utterance]:visible").count(), undo: await page.locator("[data-action=undo]").getAttribute("aria-label") };
    await ask("all");
    await page.keyboard.press("Escape");
    told.closed = await page.locator(".by:visible").count();
    await page.keyboard.press("Control+z");
    await page.waitForFunction(() => document.querySelector(".lines").textContent.includes("バックアップと呼べますのよ"));
    await page.keyboard.press("Control+z");
    await page.waitForFunction((line) => document.querySelector(".lines").textContent.includes(line), before.findLast((line) => line.includes("バックアップ")));
    told.undone = await said(page);
    await ask("undone");
    // what the script cannot say otherwise is named with its line
    await ask("ruby");
    await rows(page).locator(".text", { hasText: "紅茶ですのよ" }).waitFor();
    await page.keyboard.press("h");
    await page.locator(".search input[type=search]").fill("紅茶");
    await by.fill("緑茶");
    await by.press("Control+Enter");
    await page.locator(".result li").first().waitFor();
    told.named = await page.locator(".result").innerText();
    await page.locator(".result .link").first().click();
    told.there = await focused(page);
    return told;
  },
});
