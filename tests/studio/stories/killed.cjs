// Browsers that are killed, and others that come after them.
const LISTENERS = 3;
const WRITERS = 4;

module.exports = ({ another, ask, current, mend, open, rows, said }) => ({
  async killedWhileSpeaking(page) {
    for (let number = 0; number < LISTENERS; number++) {
      const { page: doomed, kill } = await another();
      await open(doomed, "サーバー");
      await rows(doomed).nth(2 + 4 * number).locator("[data-action=from]").click();
      await ask("speaking");
      await kill();
      await ask("killed");
    }
    await open(page, "サーバー");
    await rows(page).last().locator("[data-action=from]").click();
    await page.locator(".now .sounds").waitFor();
    return { wanted: (await said(page)).at(-1), heard: await current(page) };
  },

  async killedWhileSaving(page) {
    for (let number = 0; number < WRITERS; number++) {
      const { page: doomed, kill } = await another();
      await open(doomed, "サーバー");
      await mend(doomed, 0);
      await doomed.waitForFunction(() => document.querySelector(".source").value);
      await doomed.locator(".source").fill(`${number}番目の文ですわ。`);
      await doomed.locator(".source").press("Enter"); // what it saves may be on its way, under way or done
      await new Promise((resolve) => setTimeout(resolve, 8 * number));
      await kill();
      await ask("killed");
    }
    await open(page, "サーバー");
    const before = await said(page);
    await mend(page, 0);
    await page.waitForFunction(() => document.querySelector(".source").value);
    await page.locator(".source").fill("最後の文ですわ。");
    await page.locator(".source").press("Enter");
    await page.waitForFunction(() => document.querySelector(".text").textContent === "最後の文ですわ。");
    return { before: before[0] };
  },
});
