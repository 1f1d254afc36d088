// Publishing an episode: a render that fails, one that is done, its change to the post seen, made and undone, in two tabs.
module.exports = ({ address, ask, focused, open, rows, said, text }) => ({
  async publish(page) {
    await page.goto(address);
    const other = await page.context().newPage();
    for (const each of [page, other]) {
      await open(each, "サーバー");
      await each.keyboard.press("r");
      await each.locator("[data-action=render]:focus").waitFor();
    }
    const panel = page.locator(".publish");
    const lines = await said(page);
    const told = { boxes: await text(panel.locator(".box")), fixed: await panel.locator(".box input:disabled").count() };

    await ask("refuses");
    await page.keyboard.press("Enter");
    await panel.locator(".trouble .link").first().waitFor();
    told.failed = await panel.locator(".trouble").innerText();
    told.elsewhere = await other.locator(".publish .trouble .link").first().innerText();
    await panel.locator(".trouble .link").first().click();
    told.led = lines.indexOf(await focused(page));

    await ask("works");
    await panel.getByLabel("Captions .vtt").check();
    await panel.getByLabel("Chapters").check();
    await panel.locator("[data-action=render]").click();
    await panel.locator("[data-action=write]").waitFor();
    await panel.locator(".graph").waitFor();
    await ask("rendered");
    told.diff = await text(panel.locator(".diff .added, .diff .taken"));
    told.facts = await panel.locator(".made .facts").innerText();
    told.spoken = await page.locator("[data-utterance].spoken").count();
    told.marks = await text(panel.locator(".marks button"));
    await panel.locator(".graph").click({ position: { x: 500, y: 20 } });
    told.clicked = lines.indexOf(await focused(page));

    await page.keyboard.press("r"); // left and come back to
    await panel.waitFor({ state: "hidden" });
    await page.keyboard.press("r");
    await panel.locator("[data-action=write]").click();
    await panel.locator("[data-action=write]").waitFor({ state: "detached" });
    await other.locator(".publish .badge.good").waitFor();
    await ask("written");
    await page.keyboard.press("Control+z");
    for (const each of [page, other]) await each.locator("[data-action=write]").waitFor();
    await ask("undone");
    told.rows = await rows(page).count();
    await other.close();
    return told;
  },

  async standings(page) {
    await page.goto(address);
    const all = (count) => page.waitForFunction((wanted) => document.querySelectorAll(".episodes .state.badge").length === wanted && !document.querySelector(".kinds .dim").textContent, count);
    const kinds = () => text(page.locator(".kinds button"));
    const shown = () => text(page.locator(".episodes a:visible"));
    await all(3);
    const told = { before: await kinds() };
    await ask("prepare");
    await all(4);
    await page.waitForFunction(() => document.querySelector("[data-kind=published]").innerText.endsWith("1") && document.querySelector("[data-kind=old]").innerText.endsWith("1"));
    told.after = await kinds();
    for (const kind of ["published", "old", "wrong"]) {
      await page.locator(`[data-kind=${kind}]`).click();
      // A row has no words before it is drawn.
      await page.waitForFunction(() => [...document.querySelectorAll(".episodes a")].every((row) => !row.checkVisibility() || row.innerText));
      told[kind] = await shown();
    }
    await page.keyboard.press("/");
    await page.keyboard.type("サーバー");
    told.both = (await shown()).length;
    await page.keyboard.press("Escape");
    await page.keyboard.press("ArrowDown");
    told.keyboard = await page.evaluate(() => document.activeElement.getAttribute("href"));
    return told;
  },
});
