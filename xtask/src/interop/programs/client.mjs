// A TLS client on Node that says in JSON what it negotiated.
//   client.mjs PORT AUTHORITY [groups=a:b] [max=TLSv1.2] [times=2] [h2]
import fs from "node:fs";
import http2 from "node:http2";
import tls from "node:tls";

const [port, authority, ...words] = process.argv.slice(2);
const options = Object.fromEntries(words.map((word) => word.split("=", 2)));
const ca = fs.readFileSync(authority);
let session;

function settings() {
  const chosen = { host: "127.0.0.1", port: Number(port), servername: "localhost", ca, session };
  if (options.groups) chosen.ecdhCurve = options.groups;
  if (options.max) chosen.maxVersion = options.max;
  return chosen;
}

function account(socket, body) {
  return {
    group: socket.getEphemeralKeyInfo()?.name,
    version: socket.getProtocol(),
    resumed: socket.isSessionReused(),
    protocol: socket.alpnProtocol || "http/1.1",
    body,
  };
}

function once() {
  return new Promise((resolve, reject) => {
    let body = "";
    const socket = tls.connect({ ...settings(), ALPNProtocols: ["http/1.1"] }, () => {
      socket.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    });
    let told;
    socket.on("secureConnect", () => (told = account(socket, "")));
    socket.on("session", (ticket) => (session = ticket));
    socket.on("data", (piece) => (body += piece));
    socket.on("end", () => resolve({ ...told, body }));
    socket.on("error", reject);
  });
}

function onceByHttp2() {
  return new Promise((resolve, reject) => {
    const client = http2.connect(`https://localhost:${port}`, settings());
    client.on("error", reject);
    const request = client.request({ ":path": "/" });
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (piece) => (body += piece));
    request.on("end", () => {
      resolve(account(client.socket, body));
      client.close();
    });
  });
}

for (let turn = 0; turn < Number(options.times ?? 1); turn += 1) {
  const told = await ("h2" in options ? onceByHttp2() : once());
  console.log(JSON.stringify(told));
}
