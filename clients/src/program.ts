import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { required } from './server.js';

/** A server of this test's own, which it can stop and start again on the same store. */
export class Program {
  readonly #store = mkdtempSync(join(tmpdir(), 'dialogs-clients-'));
  readonly key = this.#run('apikey', 'create', 'backend');
  #process: ChildProcess | undefined;
  port = 0;

  #run(...args: string[]): string {
    return execFileSync(required('TEST_PROGRAM'), [...args, '--store', this.#store], { encoding: 'utf8' }).trim();
  }

  token(userId: string): string {
    return this.#run('token', userId);
  }

  async start(): Promise<this> {
    const args = ['serve', '--listen', '127.0.0.1:0', '--store', this.#store, '--log-format', 'json', '--shutdown-grace', '1s'];
    this.#process = spawn(required('TEST_PROGRAM'), args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.port = await new Promise<number>((found, failed) => {
      let printed = '';
      const lines = createInterface(this.#process!.stderr!);
      lines.on('line', (line) => {
        printed += `${line}\n`;
        const { msg, address } = JSON.parse(line) as { msg: string; address?: string };
        if (msg === 'serving') found(Number(address!.split(':')[1]));
      });
      lines.on('close', () => failed(new Error(`the server ended: ${printed}`)));
    });
    return this;
  }

  /** Stops the server as an operator does. */
  async stop(): Promise<void> {
    const ended = once(this.#process!, 'exit');
    this.#process!.kill('SIGTERM');
    await ended;
  }

  async end(): Promise<void> {
    await this.stop();
    rmSync(this.#store, { recursive: true });
  }

  /** Sends an operation without any client; as a back end unless it is given headers. */
  async ask(query: string, variables: object, headers: Record<string, string> = { authorization: `ApiKey ${this.key}` }): Promise<any> {
    const response = await fetch(`http://127.0.0.1:${this.port}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = (await response.json()) as { data: any; errors?: object[] };
    if (errors) throw new Error(JSON.stringify(errors));
    return data;
  }

  async group(ownerId: string, name: string, occupantIds: string[] = []): Promise<string> {
    const input = { type: 'GROUP', ownerId, name, occupantIds };
    const { createDialog } = await this.ask('mutation ($input: CreateDialogInput!) { createDialog(input: $input) { dialog { id } } }', { input });
    return createDialog.dialog.id;
  }

  async rename(id: string, name: string): Promise<void> {
    await this.ask('mutation ($id: ID!, $name: String!) { updateDialog(id: $id, input: { name: $name }) { replayed } }', { id, name });
  }
}
