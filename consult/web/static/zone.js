// Chooses the visitor's own time zone in the list, and says so where it differs from the one the page was made
// with. The visitor's button sends it: nothing changes by itself. A hidden field marked so carries it along.
export function zone(page) {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!own) return;
  for (const field of page.querySelectorAll("[data-own-zone]")) field.value = own;
  const select = page.querySelector("select[data-zone]");
  if (select) offer(page, select, own);
}

function offer(page, select, own) {
  const option = find(select, own);
  if (!option || option.selected) return;
  const hint = page.querySelector("[data-zone-hint]");
  const name = option.textContent.trim();
  if (select.dataset.zone === "guess") {
    option.selected = true;
    if (hint) hint.textContent = `Your device is set to ${name}. Press the button to see times in that zone.`;
  } else if (hint) {
    hint.textContent = `Your device is set to ${name}, another zone than the one chosen here.`;
  }
}

// Browsers keep old names (Asia/Calcutta), so compare what the browser itself makes of each name.
function find(select, own) {
  const options = [...select.options];
  return options.find(({ value }) => value === own) ?? options.find(({ value }) => canonical(value) === own);
}

function canonical(name) {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return null;
  }
}
