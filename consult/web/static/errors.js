// The error summary takes the focus, so that it is heard and seen first; its links bring the question into view,
// not only its box.
export function errors(page) {
  const summary = page.querySelector("[data-error-summary]");
  if (!summary) return;
  summary.tabIndex = -1;
  summary.focus();
  summary.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    const control = link && page.getElementById(link.hash.slice(1));
    if (!control) return;
    event.preventDefault();
    heading(control).scrollIntoView({ block: "start" });
    control.focus({ preventScroll: true });
  });
}

function heading(control) {
  const group = control.closest("fieldset");
  return group?.querySelector("legend") ?? control.closest(".field") ?? control;
}
