// A button that copies an address, where the browser lets a page do that (over https only); without it the
// address can be marked by hand.
export function copy(page) {
  if (!navigator.clipboard) return;
  for (const place of page.querySelectorAll("[data-copy]")) {
    const told = place.querySelector("[role=status]");
    place.hidden = false;
    place.querySelector("button").addEventListener("click", async () => {
      told.textContent = "";
      told.textContent = await write(page.getElementById(place.dataset.copy).textContent.trim());
    });
  }
}

async function write(text) {
  try {
    await navigator.clipboard.writeText(text);
    return "Copied.";
  } catch {
    return "Your browser did not allow it. Please mark the address and copy it.";
  }
}
