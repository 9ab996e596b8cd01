/** A way through the sandbox's own jobs, in this order: what is typed, and what it shows. */
export const TOUR: { words: string; why: string }[] = [
  { words: "list", why: "all migration jobs, trouble first" },
  { words: "show orders-db", why: "one job, with the buttons that its state allows" },
  { words: "stop orders-db", why: "asks first: in the full dump, stopping has a price" },
  { words: "restart orders-db", why: "says what will be wiped, and has the id typed" },
  { words: "edit tenants-db", why: "choose among 150 databases" },
  { words: "promote customers-db", why: "warns while replication lags behind" },
  { words: "cutover customers-db --rehearse", why: "walks through a cutover night, and sends nothing" },
  { words: "delay billing-mysql", why: "the replication delay as a chart" },
  { words: "help", why: "everything that can be typed" },
];
