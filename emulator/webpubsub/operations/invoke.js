// Asks clients for acknowledgements, and passes them on as they come: a line of JSON each. No document
// describes it; Microsoft's library for servers calls it.

import { ApiError, badRequest } from '../errors.js';
import { readInvocation } from '../tunnel/payload.js';
import { filterOf } from './send.js';

export function invoke({ hub, query, body, service }) {
  if (service.options.serviceMode !== 'default') {
    throw new ApiError(501, 'NotImplemented', 'in serverless mode acknowledgements of clients go nowhere');
  }
  const matches = filterOf(query.get('filter'), 'filter');
  const packet = readInvocation(body.toString('utf8'));
  if (!packet) throw badRequest('the body is no event without an acknowledgement: 42["name",…]');
  const asked = [...hub.connections.values()].filter((one) => one.invoke && matches(one));
  const answers = asked.map((connection) => connection.invoke(packet)); // at once, in its turn
  return {
    status: 200,
    note: `to ${asked.length}`,
    stream: (write) => collect(answers, write, service.options.invokeTimeoutMs),
  };
}

async function collect(answers, write, ms) {
  const timer = setTimeout(() => answers.forEach(({ cancel }) => cancel()), ms);
  await Promise.all(answers.map(async ({ answer }) => {
    const Payload = await answer;
    if (Payload !== undefined) write(`${JSON.stringify({ Payload })}\n`);
  }));
  clearTimeout(timer);
}
