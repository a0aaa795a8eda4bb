// A WebSocket server (RFC 6455) on node:http that echoes texts, one line of its log for each upgrade.
//   websocket_server.mjs PORT
import crypto from "node:crypto";
import http from "node:http";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const server = http.createServer((_, response) => response.end("a WebSocket is expected here\n"));

server.on("upgrade", (request, socket, head) => {
  console.log(JSON.stringify(request.headers));
  const accept = crypto.createHash("sha1").update(request.headers["sec-websocket-key"] + GUID).digest("base64");
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: echo\r\n\r\n`,
  );
  let pending = head;
  socket.on("data", (piece) => {
    pending = Buffer.concat([pending, piece]);
    for (let frame = parse(pending); frame; frame = parse(pending)) {
      pending = pending.subarray(frame.size);
      socket.write(build(frame.opcode, frame.payload));
      if (frame.opcode === 8) socket.end();
    }
  });
  socket.on("error", () => {});
});

// A whole masked frame at the start of the bytes, or null.
function parse(bytes) {
  if (bytes.length < 6) return null;
  let [length, at] = [bytes[1] & 0x7f, 2];
  if (length === 126) [length, at] = [bytes.readUInt16BE(2), 4];
  else if (length === 127) [length, at] = bytes.length < 10 ? [Infinity, 10] : [Number(bytes.readBigUInt64BE(2)), 10];
  const size = at + 4 + length;
  if (bytes.length < size) return null;
  const mask = bytes.subarray(at, at + 4);
  const payload = Buffer.from(bytes.subarray(at + 4, size)).map((byte, index) => byte ^ mask[index % 4]);
  return { opcode: bytes[0] & 0x0f, payload, size };
}

function build(opcode, payload) {
  const head = Buffer.alloc(payload.length < 126 ? 2 : payload.length < 65536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  if (head.length === 2) head[1] = payload.length;
  else if (head.length === 4) [head[1]] = [126, head.writeUInt16BE(payload.length, 2)];
  else [head[1]] = [127, head.writeBigUInt64BE(BigInt(payload.length), 2)];
  return Buffer.concat([head, payload]);
}

server.listen(Number(process.argv[2]), "127.0.0.1");
