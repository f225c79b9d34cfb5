// Legend of the overlay that is displayed.

export function showLegend(element, legend, keys) {
  element.replaceChildren();
  element.hidden = !legend;
  if (!legend) return;
  const title = document.createElement("b");
  title.textContent = legend.title;
  const scale = document.createElement("div");
  scale.className = "scale";
  for (const colour of legend.colours) {
    const step = document.createElement("span");
    step.style.backgroundColor = colour;
    scale.append(step);
  }
  const ends = document.createElement("div");
  ends.className = "ends";
  for (const text of keys || [legend.low, legend.high]) {
    const end = document.createElement("span");
    end.textContent = text;
    ends.append(end);
  }
  element.append(title, scale, ends);
}
