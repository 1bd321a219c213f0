// Follow-up questions stay hidden until one of the answers they belong to is chosen, and "none of these" unticks
// the rest (and the other way round). The server enforces both for itself; the hidden field `shown` of a question
// tells it that the visitor has seen it.
export function reveal(page) {
  const followUps = [...page.querySelectorAll("[data-show-when]")];
  const update = () => followUps.forEach((block) => show(block, wanted(page, block)));
  page.addEventListener("change", ({ target }) => {
    if (target.type === "checkbox" && target.checked) makeExclusive(page, target);
    update();
  });
  // A browser may put back old ticks after the page was left and returned to.
  window.addEventListener("pageshow", update);
  update();
}

function show(block, open) {
  block.hidden = !open;
  for (const told of block.querySelectorAll(":scope > [name=shown]")) told.disabled = !open;
}

function wanted(page, block) {
  return block.dataset.showWhen.split(" ").some((answer) => {
    const [name, value] = answer.split("=");
    return same(page, name).some((input) => input.checked && input.value === value);
  });
}

function makeExclusive(page, chosen) {
  const exclusive = "exclusive" in chosen.dataset;
  for (const other of same(page, chosen.name)) {
    if (other !== chosen && (exclusive || "exclusive" in other.dataset)) other.checked = false;
  }
}

function same(page, name) {
  return [...page.getElementsByName(name)];
}
