// Our own checks of a document: a list of sentences, empty where nothing was found. Evaluated as one expression.
() => {
  const faults = [];
  const say = (element, what) => faults.push(`${element.tagName.toLowerCase()}${element.id ? "#" + element.id : ""} "${(element.textContent ?? "").trim().slice(0, 40)}": ${what}`);
  const shown = element => element.checkVisibility({ checkVisibilityCSS: true });
  const all = selector => [...document.querySelectorAll(selector)].filter(shown);
  const textOf = ids => ids.split(/\s+/).map(id => document.getElementById(id)?.textContent ?? "").join(" ").trim();
  const nameOf = element => (element.getAttribute("aria-labelledby") ? textOf(element.getAttribute("aria-labelledby")) : "") || (element.getAttribute("aria-label") ?? "").trim() || (element.getAttribute("alt") ?? "").trim();
  const isSilent = element => element.closest("[aria-hidden=true]") !== null;

  // 1.1.1, 4.1.2: pictures and what can be used have names.
  for (const picture of all("img, svg, [role=img]")) if (!isSilent(picture) && !picture.parentElement.closest("svg") && !nameOf(picture)) say(picture, "no name");
  for (const used of all("a[href], button, summary")) if (!isSilent(used) && !nameOf(used) && !used.textContent.trim()) say(used, "no name");
  for (const field of all("input:not([type=hidden]), select, textarea")) if (!nameOf(field) && !(field.labels && field.labels.length > 0 && field.labels[0].textContent.trim())) say(field, "no label");
  for (const region of all("[role=region], nav, section")) if (!nameOf(region)) say(region, "no name");
  for (const bar of all("progress")) if (!nameOf(bar)) say(bar, "no name");

  // 2.4.2, 3.1.1, 1.3.1: title, language, landmarks, headings, heads of tables.
  if (!document.title.trim()) faults.push("the document has no title");
  if (!document.documentElement.lang) faults.push("the document has no language");
  if (all("main").length !== 1) faults.push("the document has not one main landmark");
  const headings = all("h1, h2, h3, h4, h5, h6").map(heading => ({ heading, level: Number(heading.tagName[1]) }));
  if (headings.filter(one => one.level === 1).length !== 1) faults.push("the document has not one heading of the first level");
  headings.forEach((one, at) => { if (one.level > (at === 0 ? 1 : headings[at - 1].level + 1)) say(one.heading, "a heading that leaves out a level"); });
  for (const table of all("table")) if (!table.querySelector("th[scope]")) say(table, "a table without heads");

  // 2.4.3: nothing is put before its turn, no name twice.
  for (const ahead of all("[tabindex]")) if (ahead.tabIndex > 0) say(ahead, "a tabindex above 0");
  const ids = new Map();
  for (const named of document.querySelectorAll("[id]")) ids.set(named.id, (ids.get(named.id) ?? 0) + 1);
  for (const [id, times] of ids) if (times > 1) faults.push(`#${id} is there twice`);
  for (const pointing of document.querySelectorAll("[aria-labelledby], [aria-describedby], label[for]"))
    for (const id of (pointing.getAttribute("aria-labelledby") ?? pointing.getAttribute("aria-describedby") ?? pointing.getAttribute("for")).split(/\s+/))
      if (!document.getElementById(id)) say(pointing, `points to #${id}, which is not there`);
  for (const list of all("ul, ol")) for (const item of list.children) if (item.tagName !== "LI") say(item, "in a list, and no item");

  // 1.4.3: contrast of text, computed over whatever lies under it.
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const rgba = colour => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
    return { r, g, b, a: a / 255 };
  };
  const over = (top, under) => ({ r: top.r * top.a + under.r * (1 - top.a), g: top.g * top.a + under.g * (1 - top.a), b: top.b * top.a + under.b * (1 - top.a), a: 1 });
  const groundOf = element => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const layer = rgba(getComputedStyle(at).backgroundColor);
      layers.push(layer);
      if (layer.a === 1) break;
    }
    return layers.reverse().reduce((under, top) => over(top, under), { r: 255, g: 255, b: 255, a: 1 });
  };
  const luminance = ({ r, g, b }) => [r, g, b].map(part => part / 255).map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4).reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const seen = new Set();
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || seen.has(element) || !shown(element) || element.closest("script, style, title, option")) continue;
    seen.add(element);
    const style = getComputedStyle(element);
    const ground = groundOf(element);
    const text = over(rgba(element.closest("svg") ? style.fill : style.color), ground);
    const [light, dark] = [luminance(text), luminance(ground)].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    const isLarge = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (isLarge ? 3 : 4.5)) say(element, `a contrast of ${ratio.toFixed(2)}`);
  }

  // 1.4.10: no sideways scrolling of the page.
  if (document.documentElement.scrollWidth > innerWidth + 1) {
    const wide = all("body *").filter(element => element.getBoundingClientRect().right > innerWidth + 1 && !element.parentElement.closest(".scroll, .participation, pre, svg")).slice(0, 3).map(element => `${element.tagName.toLowerCase()}.${element.className?.baseVal ?? element.className} ${Math.round(element.getBoundingClientRect().right)}`);
    faults.push(`the page is ${document.documentElement.scrollWidth} wide in a window of ${innerWidth}: ${wide.join(", ")}`);
  }
  return faults;
}
