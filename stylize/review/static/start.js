// Start page: the projects in the folders of this review.

import { getJson, showError } from "./api.js";
import { startTheme } from "./theme.js";

startTheme();
try {
  const found = await getJson("/api/projects");
  document.getElementById("roots").textContent = found.roots.join(", ");
  const list = document.getElementById("projects");
  for (const project of found.projects) {
    const link = document.createElement("a");
    link.href = `/?project=${project.id}`;
    const name = document.createElement("b");
    name.textContent = project.name;
    const folder = document.createElement("span");
    folder.className = "muted";
    folder.textContent = project.folder;
    link.append(name, folder);
    const item = document.createElement("li");
    item.append(link);
    list.append(item);
  }
  document.getElementById("none").hidden = found.projects.length > 0;
} catch (error) {
  showError(error);
}
