import { createServer, connect, type AddressInfo, type Socket } from 'node:net';

/** A TCP relay: clients keep its address, wherever the server is, and lose their connections when it is cut. */
export class Wire {
  /** How many bytes of an answer pass before a connection breaks by itself; 0 for never. */
  breaksAfter: () => number = () => 0;
  port = 0;
  readonly #open = new Set<Socket>();
  readonly #listener = createServer((client) => this.#pass(client));

  constructor(private target: number) {}

  async listen(): Promise<this> {
    await new Promise<void>((done) => this.#listener.listen(0, '127.0.0.1', done));
    this.port = (this.#listener.address() as AddressInfo).port;
    return this;
  }

  leadTo(port: number): void {
    this.target = port;
  }

  /** Breaks every connection, in the middle of whatever it carries. */
  cut(): void {
    for (const socket of this.#open) socket.destroy();
  }

  close(): void {
    this.#listener.close();
    this.cut();
  }

  #pass(client: Socket): void {
    const server = connect(this.target, '127.0.0.1');
    let left = this.breaksAfter();
    const breaks = left > 0;
    const end = () => [client, server].forEach((socket) => socket.destroy());
    for (const socket of [client, server]) {
      this.#open.add(socket);
      socket.setNoDelay(true);
      socket.on('error', end);
      socket.on('close', () => {
        this.#open.delete(socket);
        end();
      });
    }
    client.on('data', (bytes) => server.write(bytes));
    server.on('data', (bytes) => {
      const passing = breaks ? bytes.subarray(0, left) : bytes;
      left -= passing.length;
      client.write(passing);
      // Gently, so that what has passed arrives: a reset may drop it.
      if (breaks && left === 0) client.end(end);
    });
    // The end of the server's answers reaches the client after them.
    server.on('end', () => client.end());
  }
}
