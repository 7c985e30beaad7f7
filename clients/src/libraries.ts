import { ApolloClient, ApolloLink, CombinedGraphQLErrors, InMemoryCache, Observable } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { Client, cacheExchange, subscriptionExchange } from '@urql/core';
import { print } from 'graphql';
import type { Client as WSClient } from 'graphql-ws';
import relay, { type GraphQLSingularResponse, type IEnvironment, type SubscribeFunction } from 'relay-runtime';
import { resuming } from '../../examples/web/src/resume.js';
import { dialog, dialogsChanged, oneChanged, rename } from './operations.js';
import dialogQuery, { type documentsDialogQuery } from './relay/__generated__/documentsDialogQuery.graphql.js';
import dialogSubscription from './relay/__generated__/documentsDialogSubscription.graphql.js';
import dialogsSubscription from './relay/__generated__/documentsDialogsSubscription.graphql.js';
import renameMutation from './relay/__generated__/documentsRenameMutation.graphql.js';
import { once, type Transport } from './transports.js';

/** One event of a subscription. */
export interface Event {
  dialogId?: string;
  cursor?: string | null;
  change?: { kind: string; version: number } | null;
  dialog?: { id: string; name?: string | null; version: number } | null;
}

export interface Watcher {
  next(event: Event): void;
  /** With the code of the refusal, or null if the server completed it. */
  end(code: string | null): void;
}

/** What each library does here, all of it over one transport. */
export interface Library {
  name: string;
  /** The dialog's name, or the code of the refusal. */
  read(id: string): Promise<string>;
  rename(id: string, name: string): Promise<string>;
  watchAll(after: string, watcher: Watcher): void;
  watchOne(id: string, sinceVersion: number, watcher: Watcher): void;
}

type GraphQLErrors = readonly { extensions?: Record<string, unknown> | undefined }[];

/** The code of GraphQL errors, in whatever a library makes of them. */
function codeOf(error: unknown): string {
  const { graphQLErrors, errors, source } = error as { graphQLErrors?: GraphQLErrors; errors?: GraphQLErrors; source?: { errors: GraphQLErrors } };
  const all = Array.isArray(error) ? (error as GraphQLErrors) : (graphQLErrors ?? errors ?? source?.errors);
  if (!all?.[0]) throw error;
  return String(all[0].extensions?.['code']);
}

export function bare(transport: Transport): Library {
  const ask = async (query: string, variables: Record<string, unknown>, path: (data: any) => string) => {
    const { data, errors } = await once(transport, { query, variables });
    return errors ? codeOf(errors) : path(data);
  };
  const watch = (query: string, variables: Record<string, unknown>, { next, end }: Watcher) => {
    let refusal: string | null = null;
    transport.subscribe(
      { query, variables },
      resuming(variables, {
        next: ({ data, errors }) => {
          if (errors) refusal = codeOf(errors);
          else next(data.dialogsChanged ?? data.dialogChanged);
        },
        error: (error: unknown) => end(codeOf(error)),
        complete: () => end(refusal),
      }),
    );
  };
  return {
    name: transport.name,
    read: (id) => ask(print(dialog), { id }, (data) => data.dialog.name),
    rename: (id, name) => ask(print(rename), { id, name }, (data) => data.updateDialog.dialog.name),
    watchAll: (after, watcher) => watch(print(dialogsChanged), { after }, watcher),
    watchOne: (id, sinceVersion, watcher) => watch(print(oneChanged), { id, sinceVersion }, watcher),
  };
}

/** Apollo Client has a link for graphql-ws; the one for graphql-sse is that of its manual. */
export function apollo(transport: Transport): Library {
  const terminating =
    transport.name === 'graphql-ws'
      ? new GraphQLWsLink({ subscribe: transport.subscribe } as unknown as WSClient)
      : new ApolloLink(
          (operation) =>
            new Observable((observer) =>
              transport.subscribe({ query: print(operation.query), variables: operation.variables }, {
                next: (result) => observer.next(result),
                error: (error) => observer.error(error),
                complete: () => observer.complete(),
              }),
            ),
        );
  // It sends the variables of the operation again, and so these move along.
  const moving = new ApolloLink(
    (operation, forward) =>
      new Observable((observer) => {
        const variables = { ...operation.variables };
        Object.assign(operation, { variables });
        return forward(operation).subscribe(
          resuming(variables, {
            next: (result: ApolloLink.Result) => observer.next(result),
            error: (error: unknown) => observer.error(error),
            complete: () => observer.complete(),
          }),
        );
      }),
  );
  const client = new ApolloClient({ cache: new InMemoryCache(), link: ApolloLink.from([moving, terminating]) });
  const outcome = (promise: Promise<string>) => promise.catch((error: unknown) => (CombinedGraphQLErrors.is(error) ? codeOf(error) : Promise.reject(error)));
  const watch = (all: ReturnType<typeof client.subscribe>, { next, end }: Watcher) => {
    let refusal: string | null = null;
    all.subscribe({
      next: ({ data, error }: any) => {
        if (error) refusal = codeOf(error);
        else next(data.dialogsChanged ?? data.dialogChanged);
      },
      error: (error) => end(codeOf(error)),
      complete: () => end(refusal),
    });
  };
  return {
    name: `Apollo Client on ${transport.name}`,
    read: (id) => outcome(client.query({ query: dialog, variables: { id } }).then(({ data }) => data!.dialog!.name!)),
    rename: (id, name) => outcome(client.mutate({ mutation: rename, variables: { id, name } }).then(({ data }) => data!.updateDialog!.dialog!.name!)),
    watchAll: (after, watcher) => watch(client.subscribe({ query: dialogsChanged, variables: { after } }), watcher),
    watchOne: (id, sinceVersion, watcher) => watch(client.subscribe({ query: oneChanged, variables: { id, sinceVersion } }), watcher),
  };
}

export function urql(transport: Transport): Library {
  const client = new Client({
    url: 'unused:',
    exchanges: [
      cacheExchange,
      subscriptionExchange({
        enableAllOperations: true,
        forwardSubscription: ({ query = '', variables }) => ({
          subscribe(sink) {
            const moving = { ...variables };
            return { unsubscribe: transport.subscribe({ query, variables: moving }, resuming(moving, sink as any) as any) };
          },
        }),
      }),
    ],
  });
  const watch = (results: ReturnType<typeof client.subscription<any, any>>, { next, end }: Watcher) => {
    let ended = false;
    results.subscribe(({ data, error, hasNext }) => {
      if (ended) return; // after an error there can be a result that repeats it
      ended = error !== undefined || !hasNext;
      if (ended) end(error ? codeOf(error) : null);
      else next(data.dialogsChanged ?? data.dialogChanged);
    });
  };
  return {
    name: `urql on ${transport.name}`,
    read: async (id) => {
      const { data, error } = await client.query(dialog, { id });
      return error ? codeOf(error) : data!.dialog!.name!;
    },
    rename: async (id, name) => {
      const { data, error } = await client.mutation(rename, { id, name });
      return error ? codeOf(error) : data!.updateDialog!.dialog!.name!;
    },
    watchAll: (after, watcher) => watch(client.subscription(dialogsChanged, { after }), watcher),
    watchOne: (id, sinceVersion, watcher) => watch(client.subscription(oneChanged, { id, sinceVersion }), watcher),
  };
}

export function relayOn(transport: Transport): Library {
  const environment: IEnvironment = new relay.Environment({
    network: relay.Network.create(
      // As Relay's manual has it: errors of fields are failures too.
      async (request, variables) => {
        const result = await once(transport, { query: request.text!, variables });
        if (result.errors) throw Object.assign(new Error('refused'), result);
        return result;
      },
      ((request, variables) =>
        relay.Observable.create<GraphQLSingularResponse>((sink) => {
          const moving = { ...variables };
          return transport.subscribe({ query: request.text!, variables: moving }, resuming(moving, sink as any) as any);
        })) as SubscribeFunction,
    ),
    store: new relay.Store(new relay.RecordSource()),
  });
  const watch = (subscription: typeof dialogsSubscription, variables: object, { next, end }: Watcher) => {
    relay.requestSubscription<any>(environment, {
      subscription,
      variables,
      onNext: (data) => next(data.dialogsChanged ?? data.dialogChanged),
      onError: (error) => end(codeOf(error)),
      onCompleted: () => end(null),
    });
  };
  return {
    name: `Relay on ${transport.name}`,
    read: (id) =>
      relay
        .fetchQuery<documentsDialogQuery>(environment, dialogQuery, { id })
        .toPromise()
        .then((data) => data!.dialog!.name!, codeOf),
    rename: (id, name) =>
      new Promise<string>((done, failed) => {
        relay.commitMutation<any>(environment, {
          mutation: renameMutation,
          variables: { id, name },
          onCompleted: (data) => done(data.updateDialog.dialog.name),
          onError: failed,
        });
      }).catch(codeOf),
    watchAll: (after, watcher) => watch(dialogsSubscription, { after }, watcher),
    watchOne: (id, sinceVersion, watcher) => watch(dialogSubscription, { id, sinceVersion }, watcher),
  };
}
