// A WebSocket client: sends texts of several sizes, expects each back, and closes.
//   websocket_client.mjs URL          (the authority comes from NODE_EXTRA_CA_CERTS)
const texts = ["hello", "x".repeat(126), "y".repeat(70000), "last"];
const socket = new WebSocket(process.argv[2], ["echo"]);
let turn = 0;

function fail(why) {
  console.error(why);
  process.exit(1);
}

socket.onopen = () => socket.send(texts[0]);
socket.onmessage = ({ data }) => {
  if (data !== texts[turn]) fail(`text ${turn} came back changed`);
  turn += 1;
  if (turn < texts.length) socket.send(texts[turn]);
  else socket.close(1000, "done");
};
socket.onerror = (event) => fail(event.message ?? "error");
socket.onclose = ({ code, wasClean }) => {
  if (turn < texts.length) fail(`closed with ${code} after ${turn} texts`);
  console.log(JSON.stringify({ texts: turn, code, wasClean, protocol: socket.protocol }));
};
