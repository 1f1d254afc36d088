// What is changed in many lines at once.
module.exports = ({ ask, focused, open, rows, said, text }) => ({
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
    await page.locator(".result", { hasText: "Replaced: 1" }).waitFor();
    told.one = { said: await said(page), marks: await marks(), current: await page.locator("mark.current").count() };
    await ask("one");
    await page.locator("[data-action=replace-all]").click();
    await page.locator(".result", { hasText: "Replaced: 2" }).waitFor();
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
