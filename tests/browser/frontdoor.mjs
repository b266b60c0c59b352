// A front door before the night that can be shut: for sockets alone, or for everything.
import { once } from "node:events";
import { connect, createServer } from "node:net";

export class FrontDoor {
  url = "";
  /** What goes through: "all", "polls" (no sockets) or "none". */
  #through = "all";
  #port = 0;
  #server = null;
  /** Each open connection, and whether it is a socket. */
  #lines = new Map();

  /** Stands before a port; its address. */
  async open(port) {
    this.#port = port;
    this.#server = createServer((near) => this.#take(near)).listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    this.url = `http://127.0.0.1:${this.#server.address().port}`;
    return this.url;
  }

  /** Cuts what may not go through any more. */
  set(through) {
    this.#through = through;
    for (const [near, isSocket] of this.#lines) if (!this.#lets(isSocket)) near.destroy();
  }

  close() {
    for (const near of this.#lines.keys()) near.destroy();
    this.#server?.close();
  }

  #lets(isSocket) {
    return this.#through === "all" || (this.#through === "polls" && !isSocket);
  }

  #take(near) {
    near.on("error", () => near.destroy());
    near.once("data", (first) => {
      const isSocket = first.toString("latin1").startsWith("GET /ws");
      if (!this.#lets(isSocket)) return near.destroy();
      this.#lines.set(near, isSocket);
      const far = connect(this.#port, "127.0.0.1");
      far.on("error", () => near.destroy());
      far.write(first);
      near.pipe(far).pipe(near);
      near.on("close", () => {
        this.#lines.delete(near);
        far.destroy();
      });
      far.on("close", () => near.destroy());
    });
  }
}
