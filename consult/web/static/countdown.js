// How long a time is still held. The clock of the device may be wrong, so the server's own "now" is the start.
// Shown every minute; said aloud only at a few moments, so that it does not talk over the form.
const ALOUD = new Set([10, 5, 2, 1, 0]);

export function countdown(page) {
  for (const time of page.querySelectorAll("time[data-countdown]")) run(time);
}

function run(time) {
  const skew = time.dataset.now ? Date.now() - Date.parse(time.dataset.now) : 0;
  const until = Date.parse(time.dateTime) + skew;
  const clock = time.textContent.trim();
  const voice = document.createElement("span");
  voice.className = "hidden";
  voice.setAttribute("role", "status");
  (time.closest("p") ?? time).after(voice);
  let shown;
  const tick = () => {
    const left = Math.max(0, Math.ceil((until - Date.now()) / 60000));
    if (left !== shown) {
      const first = shown === undefined;
      shown = left;
      time.textContent = `${clock} (${words(left)})`;
      if (ALOUD.has(left) && !first) voice.textContent = words(left);
    }
    if (left === 0) clearInterval(timer);
  };
  const timer = setInterval(tick, 1000);
  tick();
}

function words(minutes) {
  if (minutes === 0) return "the time is up";
  return minutes === 1 ? "less than 1 minute left" : `${minutes} minutes left`;
}
