// Episodes found and heard.
module.exports = ({ address, answered, current, open, rows, said, text }) => ({
  async list(page) {
    await page.goto(address);
    await page.locator(".episodes .state.badge").nth(2).waitFor();
    const told = { all: await text(page.locator(".episodes a")), key: page.url().includes("key=") };
    await page.mouse.click(5, 700);
    await page.keyboard.press("/");
    await page.keyboard.type("さーばー");
    told.found = await text(page.locator(".episodes a:visible .title"));
    await page.keyboard.press("Enter");
    await rows(page).first().waitFor();
    told.hash = decodeURIComponent(new URL(page.url()).hash);
    told.said = await said(page);
    told.title = await page.title();
    await page.reload();
    await rows(page).first().waitFor();
    told.reloaded = await said(page);
    await page.goBack();
    await page.locator(".episodes a").first().waitFor();
    told.back = await page.locator(".episodes a").count();
    return told;
  },

  async play(page) {
    await open(page, "サーバー");
    await page.locator(".player select").selectOption("2");
    const sound = answered(page, "/api/sound/");
    await rows(page).nth(2).locator("[data-action=play]").click();
    const told = { alone: (await sound).status() };
    await page.waitForFunction(() => document.querySelector("[aria-current]"));
    told.current = await current(page);
    await page.waitForFunction(() => !document.querySelector("[aria-current]")); // it has ended by itself
    told.state = await rows(page).nth(2).locator(".state").innerText();

    await rows(page).nth(1).locator("[data-action=from]").click();
    await page.locator(".now .sounds").waitFor();
    told.stream = await current(page);
    told.mora = await page.locator(".now .sounds").innerText();
    await page.waitForFunction((was) => document.querySelector("[aria-current] .text")?.textContent !== was, told.stream[0]);
    told.next = await current(page);
    await page.keyboard.press("Space");
    await page.locator(".player [data-action=toggle][aria-label=Resume]").waitFor();
    told.paused = await current(page);
    await page.keyboard.press("Space");
    await page.locator(".player [data-action=toggle][aria-label=Pause]").waitFor();
    await page.keyboard.press("j");
    await page.waitForFunction((was) => ![undefined, was].includes(document.querySelector("[aria-current] .text")?.textContent), told.next[0]);
    told.skipped = await current(page);
    await page.keyboard.press("Escape");
    told.stopped = await current(page);
    return told;
  },
});
