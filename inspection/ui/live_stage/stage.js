// Frames come over a WebSocket, are decoded beside the page and drawn whole: what is on the canvas stays until the next
// one is ready, so nothing ever flickers. A run of the script leaves the connection as it is.

const held = new WeakMap()
const RETRY_MS = 1000
const NOT_YOURS = 1008

export default function (component) {
  const { data, parentElement } = component
  const find = (selector) => parentElement.querySelector(selector)
  const stage = find(".stage")
  stage.setAttribute("aria-label", data.alt)
  const now = held.get(parentElement)
  if (now?.token === data.token) return now.close
  now?.close()

  const line = { token: data.token, open: true, socket: null, shown: 0, times: [], close: null }
  held.set(parentElement, line)
  const canvas = find("canvas")
  const context = canvas.getContext("2d")

  const say = (words) => {
    find(".wait").textContent = words
    find(".wait").hidden = !words
  }

  const count = () => {
    line.shown += 1
    stage.dataset.shown = line.shown
    const at = performance.now()
    line.times.push(at)
    while (line.times[0] < at - 3000) line.times.shift()
    const spanned = (at - line.times[0]) / 1000
    if (line.shown % 10 === 0 && spanned > 0) {
      const rate = (line.times.length - 1) / spanned
      stage.dataset.rate = rate.toFixed(1)
      find(".rate").textContent = `${rate.toFixed(0)} ${rate < 1.5 ? "frame" : "frames"} a second`
    }
  }

  const draw = async (frame) => {
    const bitmap = await createImageBitmap(frame)
    if (line.open) {
      if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
        canvas.width = bitmap.width
        canvas.height = bitmap.height
      }
      context.drawImage(bitmap, 0, 0)
      if (line.shown === 0) say("")
      count()
    }
    bitmap.close()
  }

  const connect = () => {
    const scheme = window.location.protocol === "https:" ? "wss" : "ws"
    const socket = new WebSocket(`${scheme}://${window.location.host}${data.path}`)
    socket.binaryType = "blob"
    socket.onopen = () => socket.send(line.token)
    socket.onmessage = async (message) => {
      await draw(message.data)
      if (socket.readyState === WebSocket.OPEN) socket.send("drawn")
    }
    socket.onclose = (event) => {
      if (!line.open) return
      find(".rate").textContent = ""
      if (event.code === NOT_YOURS || event.code === 1000) {
        if (line.shown === 0) say("The line has stopped.")
        return
      }
      say("The connection was lost; trying again …")
      line.shown = 0
      setTimeout(() => line.open && connect(), RETRY_MS)
    }
    line.socket = socket
  }

  line.close = () => {
    line.open = false
    line.socket?.close()
    held.delete(parentElement)
  }
  stage.dataset.shown = 0
  say("Waiting for the first frame …")
  connect()
  return line.close
}
