// Says which places are marked, next to the picture: on a phone the list is far below it.
export function chart(page) {
  for (const body of page.querySelectorAll("[data-body-chart]")) {
    const said = body.querySelector("[data-marked]");
    const update = () => {
      const names = [...body.querySelectorAll("input:checked")].map((input) => input.labels[0].textContent.trim());
      said.textContent = names.length ? `Marked: ${names.join(" · ")}` : "";
    };
    body.addEventListener("change", update);
    window.addEventListener("pageshow", update);
  }
}
