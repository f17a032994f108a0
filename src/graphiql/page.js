'use strict';

const EXAMPLES = `# Run (Ctrl-Enter) lets you choose one of these four.
# Sent again with the same idempotencyKey, a mutation
# changes nothing and answers "replayed": true.

mutation Earn {
  earnPoints(input: {
    userId: "alice", rule: "ORDER", amount: "42.50",
    idempotencyKey: "order-1001"
  }) {
    replayed
    operation { points }
    account { balance { available } }
  }
}

mutation Spend {
  spendPoints(input: {
    userId: "alice", points: 10,
    idempotencyKey: "redeem-1"
  }) {
    account { balance { available spent } }
  }
}

# Runs until you stop it; meanwhile, earn or spend in another tab.
subscription Live {
  balanceChanged(userId: "alice") {
    version
    balance { available pending }
  }
}

query Account {
  account(userId: "alice") {
    balance { available pending earned }
    level { code }
    entries(first: 5) {
      edges { node {
        seq kind availableDelta availableAfter contra recordedAt
      } }
    }
  }
}
`;

// The key comes in the fragment (/#key=...), which browsers do not send to the server.
const key = new URLSearchParams(location.hash.slice(1).replaceAll('+', '%2B')).get('key') ?? '';
const keyHeader = {Authorization: `Bearer ${key}`};
addEventListener('hashchange', () => location.reload());

const send = GraphiQL.createFetcher({
  url: '/graphql',
  subscriptionUrl: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/graphql/ws`,
  enableIncrementalDelivery: false,
});

// What goes over HTTP as headers goes over WebSocket as the payload of connection_init, and there
// names are case-sensitive: lower-case them. The first introspection comes before there is a headers
// editor, hence the default.
function fetcher(params, options) {
  const headers = {};
  for (const [name, value] of Object.entries(options?.headers ?? keyHeader)) {
    headers[name.toLowerCase()] = value;
  }
  if (isBlank(headers.authorization)) delete headers.authorization;
  return send(params, {...options, headers});
}

function isBlank(authorization) {
  return /^\s*(Bearer)?\s*$/i.test(authorization ?? '');
}

function showHint(headersText) {
  let headers = {};
  try { headers = JSON.parse(headersText); } catch { /* being typed */ }
  const name = Object.keys(headers ?? {}).find((name) => name.toLowerCase() === 'authorization');
  document.getElementById('hint').hidden = !isBlank(headers?.[name]);
}

const headersText = JSON.stringify(keyHeader, null, 2);
showHint(headersText);
ReactDOM.createRoot(document.getElementById('graphiql')).render(
  React.createElement(GraphiQL, {
    fetcher,
    defaultQuery: EXAMPLES,
    defaultHeaders: headersText,
    defaultEditorToolsVisibility: 'headers',
    onEditHeaders: showHint,
    shouldPersistHeaders: false, // keeps keys out of localStorage
  }),
);
