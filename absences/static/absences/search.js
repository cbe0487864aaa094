// `/` goes to the search field, unless somebody is typing.

addEventListener("keydown", (event) => {
  const field = /** @type {HTMLInputElement | null} */ (document.getElementById("find") ?? document.getElementById("q"));
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (!field || /** @type {Element} */ (event.target).closest("input, select, textarea")) return;
  event.preventDefault();
  if (field.checkVisibility()) field.select();
  else field.form?.requestSubmit(); // on a narrow screen the field is on the page of the search
});
