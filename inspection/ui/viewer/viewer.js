// The picture, the part's box and the heat map. Everything that a person turns here is drawn in the browser, at once:
// nothing goes back to the server. Lengths in `data` are fractions of the picture.

const settings = new WeakMap() // what the person chose lives as long as the component, across pictures

export default function (component) {
  const { data: [data], parentElement } = component
  const find = (selector) => parentElement.querySelector(selector)
  if (!settings.has(parentElement)) {
    settings.set(parentElement, { view: "heat", grid: "smooth", opacity: 70, wipe: 50, zoom: false, outline: true })
  }
  const chosen = settings.get(parentElement)
  const stage = find(".stage")
  const photo = find(".photo")
  const layer = find(".layer")

  const viewRect = () => {
    if (!chosen.zoom || !data.focus) return { x: 0, y: 0, side: 1 }
    const { x, y, w, h } = data.focus
    const side = Math.min(1, Math.max(w, h) * 1.08)
    const keep = (middle) => Math.min(1 - side, Math.max(0, middle - side / 2))
    return { x: keep(x + w / 2), y: keep(y + h / 2), side }
  }

  const place = (element, rect, view) => {
    element.style.left = `${((rect.x - view.x) / view.side) * 100}%`
    element.style.top = `${((rect.y - view.y) / view.side) * 100}%`
    element.style.width = `${(rect.w / view.side) * 100}%`
    element.style.height = `${(rect.h / view.side) * 100}%`
  }

  const drawBoxes = (view) => {
    const holder = find(".boxes")
    holder.replaceChildren()
    if (!chosen.outline) return
    for (const box of data.boxes) {
      const outline = document.createElement("div")
      outline.className = box.y - view.y < 0.06 * view.side ? "box inside" : "box"
      outline.style.setProperty("--line", box.colour)
      const label = document.createElement("span")
      label.textContent = box.label
      outline.append(label)
      place(outline, box, view)
      holder.append(outline)
    }
  }

  const draw = () => {
    const view = viewRect()
    const hot = Boolean(data.heat) && chosen.view !== "photo"
    const wiping = hot && chosen.view === "wipe"
    stage.style.aspectRatio = `${data.width} / ${data.height}`
    stage.style.maxWidth = `calc(62vh * ${data.width / data.height})`
    stage.setAttribute("aria-label", data.alt)
    if (photo.src !== data.photo) photo.src = data.photo
    place(photo, { x: 0, y: 0, w: 1, h: 1 }, view)
    layer.hidden = !hot
    if (hot) {
      const source = chosen.grid === "native" ? data.heat.native : data.heat.smooth
      if (layer.src !== source) layer.src = source
      layer.classList.toggle("native", chosen.grid === "native")
      layer.style.opacity = chosen.opacity / 100
      place(layer, data.heat, view)
    }
    find(".clip").style.clipPath = wiping ? `inset(0 0 0 ${chosen.wipe}%)` : "none"
    find(".divider").hidden = !wiping
    find(".divider").style.left = `${chosen.wipe}%`
    find(".wipe").hidden = !wiping
    drawBoxes(view)
    find(".opacity output").value = `${chosen.opacity} %`
  }

  const drawLegend = () => {
    const legend = find(".legend")
    legend.hidden = !data.heat
    find(".plain").hidden = !data.note
    find(".plain").textContent = data.note ?? ""
    for (const selector of [".view", ".grid", ".opacity"]) find(selector).hidden = !data.heat
    find(".zoom").hidden = !data.focus
    find(".outline").hidden = data.boxes.length === 0
    if (!data.heat) return
    find(".bar").style.backgroundImage = data.heat.gradient
    find(".mark").style.left = `${data.heat.peak * 100}%`
    find(".high").textContent = data.heat.high
    find(".note").textContent = data.heat.note
    find(".native-label").textContent = data.heat.cells
  }

  const bindRadios = (name) => {
    for (const input of parentElement.querySelectorAll(`input[name=${name}]`)) {
      input.checked = input.value === chosen[name]
      input.onchange = () => {
        chosen[name] = input.value
        draw()
      }
    }
  }
  const bindRange = (selector, name) => {
    const input = find(selector)
    input.value = chosen[name]
    input.oninput = () => {
      chosen[name] = Number(input.value)
      draw()
    }
  }
  const bindCheck = (selector, name) => {
    const input = find(selector)
    input.checked = chosen[name]
    input.onchange = () => {
      chosen[name] = input.checked
      draw()
    }
  }

  bindRadios("view")
  bindRadios("grid")
  bindRange(".opacity input", "opacity")
  bindRange(".wipe", "wipe")
  bindCheck(".zoom input", "zoom")
  bindCheck(".outline input", "outline")
  drawLegend()
  draw()
}
