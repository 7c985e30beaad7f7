import { createServer, type Server } from 'node:http';
import { Webhook } from 'standardwebhooks';

type Event = { type: string; timestamp: string; data: any };

/** Handles each event once it is verified; what `handle` throws is tried again later. */
export function receiver(secret: string, handle: (id: string, event: Event) => Promise<void>): Server {
  const webhook = new Webhook(secret);
  return createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    try {
      const headers = request.headers as Record<string, string>;
      await handle(headers['webhook-id']!, webhook.verify(body, headers) as Event);
      response.writeHead(204).end();
    } catch (error) {
      response.writeHead(400).end(String(error));
    }
  });
}
