// Takes the pictures of the studio. node studio_pictures.cjs PLAYWRIGHT CHROMIUM ADDRESS FOLDER LANGUAGE
const [playwright, executablePath, address, folder, language] = process.argv.slice(2);
const { chromium } = require(playwright);

(async () => {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--mute-audio", "--autoplay-policy=no-user-gesture-required"] });
  const context = await browser.newContext({ viewport: { width: 1100, height: 700 }, locale: { en: "en-US", ja: "ja-JP" }[language], reducedMotion: "reduce" });
  const page = await context.newPage();
  const take = (name) => page.screenshot({ path: `${folder}/studio-${name}.${language}.png` });
  const row = (number) => page.locator("[data-utterance]").nth(number);

  await page.goto(address);
  await page.locator(".episodes a").nth(1).click();
  await row(0).waitFor();
  await page.locator("[data-action=all]").click();
  await page.waitForFunction(() => document.querySelectorAll("[data-utterance]:not(.spoken)").length === 0, null, { timeout: 120000 });
  await page.locator(".now .sounds").waitFor({ timeout: 60000 });
  await take("episode");
  await page.keyboard.press("Escape");

  await row(2).locator("[data-action=edit]").click();
  await page.locator("[data-tab=accent]").click();
  await page.locator(".accent").first().waitFor();
  await page.waitForLoadState("networkidle").catch(() => {});
  await row(1).evaluate((element) => element.scrollIntoView({ block: "start" }));
  await take("accent");
  await page.keyboard.press("Escape");

  await page.locator("[data-action=publish]").click();
  await page.locator("[data-action=render]").click();
  await page.locator("[data-action=write]").waitFor({ timeout: 120000 });
  await page.locator("#publish").evaluate((element) => element.scrollIntoView({ block: "start" }));
  await take("publish");
  await browser.close();
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
