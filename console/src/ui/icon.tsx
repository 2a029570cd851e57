/** Line icons on a grid of 24, drawn for this console. */
const SHAPES = {
  overview: "M4 13h6V4H4zM14 20h6v-9h-6zM4 20h6v-3H4zM14 7h6V4h-6z",
  points: "M5 4v13a2 2 0 0 0 2 2h5M5 10h7M16 7a2 2 0 1 0 0 .01M16 19a2 2 0 1 0 0 .01M5 4h7",
  trends: "M4 4v16h16M7.500 14l3.500-4 3 2.500L20 6",
  sql: "M4 5h16v14H4zM4 10h16M7.500 13.500l2 1.500-2 1.500M12 16.500h4",
  assets: "M12 3l8 4.500v9L12 21l-8-4.500v-9zM4 7.500l8 4.500 8-4.500M12 12v9",
  map: "M9 5L3 7v13l6-2 6 2 6-2V5l-6 2zM9 5v13M15 7v13",
  boards: "M4 4h16v16H4zM4 10h16M11 10v10",
  documents: "M6 3h9l4 4v14H6zM14 3v5h5M9 12h7M9 15h7M9 18h4",
  inbox: "M4 13l3-8h10l3 8v6H4zM4 13h5l1 3h4l1-3h5",
  full: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  alarms: "M6 17v-6a6 6 0 0 1 12 0v6l2 2H4zM10 21.500h4",
  bell: "M6 17v-6a6 6 0 0 1 12 0v6l2 2H4zM10 21.500h4",
  rules: "M4 6h9M17 6h3M4 12h3M11 12h9M4 18h11M19 18h1M15 4v4M9 10v4M17 16v4",
  oncall:
    "M6 3l3 5-2 2c1 3 3 5 6 6l2-2 5 3c0 3-2 4-4 4C9 20 3 13 3 7c0-2 1-4 3-4M15 3a6 6 0 0 1 6 6",
  channel: "M4 6h16v12H4zM4 7l8 6 8-6",
  latch: "M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 7 0v3",
  shelve: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M10 9v6M14 9v6",
  suppress: "M9 6.500a6 6 0 0 1 9 4.500v5M6 11v6l-2 2h14M10 21.500h4M3 3l18 18",
  out: "M14.500 6.500a4 4 0 0 0-5 5L4 17l3 3 5.500-5.500a4 4 0 0 0 5-5L15 12l-3-3z",
  sound: "M4 10v4h4l5 4V6L8 10zM16 9a4 4 0 0 1 0 6M18.500 6.500a8 8 0 0 1 0 11",
  mute: "M4 10v4h4l5 4V6L8 10zM17 10l4 4M21 10l-4 4",
  print: "M7 9V4h10v5M7 17H4V9h16v8h-3M7 14h10v6H7z",
  policies: "M6 3h9l4 4v14H6zM14 3v5h5M9 12h7M9 16h5",
  minus: "M5 12h14",
  select: "M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M9 12h6",
  note: "M4 5h16v11H11l-4 4v-4H4z",
  play: "M7 4.500v15l12-7.500z",
  stop: "M6 6h12v12H6z",
  down_to: "M12 4v11M7 10.500l5 5 5-5M5 20h14",
  topics:
    "M4 7h4c5 0 4 10 9 10h3M17 4l3 3-3 3M4 17h4c1.600 0 2.600-1 3.400-2.300M20 7h-3c-1.700 0-2.700 1-3.400 2.300M17 14l3 3-3 3",
  retained: "M6 4h12v16l-6-4-6 4z",
  clients: "M9 7V3M15 7V3M6 7h12v4a6 6 0 0 1-12 0zM12 17v4",
  refused: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M5.700 5.700l12.600 12.600",
  settings: "M4 7h9M17 7h3M15 5v4M4 17h3M11 17h9M9 15v4M4 12h3",
  api: "M8 7l-5 5 5 5M16 7l5 5-5 5M13.500 5l-3 14",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14M16 16l4.500 4.500",
  chevron: "M9 6l6 6-6 6",
  back: "M15 6l-6 6 6 6",
  close: "M6 6l12 12M18 6L6 18",
  plus: "M12 5v14M5 12h14",
  edit: "M4 20h4L19 9l-4-4L4 16zM13 7l4 4",
  rename: "M5 6h14M12 6v13M9 19h6M5 6v2M19 6v2",
  retire: "M5 7h14M10 11v6M14 11v6M7 7l1 13h8l1-13M9 7V4h6v3",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  check: "M5 12.500l4.500 4.500L19 7",
  well: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M8 12.300l2.800 2.800L16 9.500",
  warn: "M12 4L2.800 20h18.400zM12 10v4.500M12 17.300v.01",
  bad: "M8.300 3h7.400L21 8.300v7.400L15.700 21H8.300L3 15.700V8.300zM12 8v5M12 16v.01",
  unknown: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 8v5M12 16v.01",
  live: "M3 12h4l3-8 4 16 3-8h4",
  away: "M3 3l18 18M8.500 16a5 5 0 0 1 7 0M5 12.500a10 10 0 0 1 4-2.300M2 8.800a15 15 0 0 1 4.500-2.700M12 20h.01M14.500 10.300a10 10 0 0 1 4.500 2.200M11 5.100a15 15 0 0 1 11 3.700",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2v2M12 20v2M4.900 4.900l1.400 1.400M17.700 17.700l1.400 1.400M2 12h2M20 12h2M4.900 19.100l1.400-1.400M17.700 6.300l1.400-1.400",
  moon: "M20 14.500A8.500 8.500 0 0 1 9.500 4 8.500 8.500 0 1 0 20 14.500",
  system: "M3 5h18v11H3zM8 20h8M12 16v4",
  language:
    "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M3 12h18M12 3c5 5.500 5 12.500 0 18-5-5.500-5-12.500 0-18",
  up: "M12 19V5M6 11l6-6 6 6",
  down: "M12 5v14M6 13l6 6 6-6",
  external: "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
  reload: "M20 5v5h-5M19.500 10A8 8 0 1 0 20 14",
  disk: "M4 6c0-4 16-4 16 0v12c0 4-16 4-16 0zM4 6c0 4 16 4 16 0M4 12c0 4 16 4 16 0",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 7v5l3.500 2",
  people:
    "M9 5a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7M2.500 20c.500-7 12.500-7 13 0M16 5.500a3 3 0 0 1 0 6M18 14.500c2 .700 3.300 2.500 3.500 5.500",
  roles:
    "M12 3l7.500 3v5.500c0 4.500-3 7.800-7.500 9.500-4.500-1.700-7.500-5-7.500-9.500V6zM8.500 12l2.500 2.500 4.500-5",
  devices: "M5 5h14v9H5zM9 18h6M12 14v4M8.500 9.500h.01M12 9.500h3.500M4 21h16",
  tokens:
    "M8 11a4.500 4.500 0 1 0 0 9 4.500 4.500 0 0 0 0-9M11.300 12.200L20 3.500M16 7.500l3 3M13.500 10l2 2",
  shares:
    "M18 3a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5M6 9.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5M18 16a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5M8.300 10.800l7.400-4M8.300 13.200l7.400 4",
  tenants: "M4 21V6l7-3v18M11 9h9v12M3 21h18M7 9h.01M7 13h.01M7 17h.01M15 13h.01M15 17h.01",
  audit: "M6 3h9l4 4v14H6zM14 3v5h5M9 13l2 2 4-4M9 18h6",
  account: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8M4.500 20c1-8 14-8 15 0",
  leave: "M14 4H5v16h9M10 12h11M17 8l4 4-4 4",
  memory: "M7 7h10v10H7zM10 3v4M14 3v4M10 17v4M14 17v4M3 10h4M3 14h4M17 10h4M17 14h4",
} as const;

export type IconName = keyof typeof SHAPES;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      <path d={SHAPES[name]} />
    </svg>
  );
}

/** The mark: a river's mainstem with its tributaries. */
export function Mark({ size = 28 }: { size?: number }) {
  return (
    <svg class="mark" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path
        class="mark-side"
        d="M7 8c4 .5 6.500 3 8 6.500M25 11c-3.500.5-6.500 2.500-8.500 7.500"
      />
      <path class="mark-stem" d="M18.500 5c-4.500 6 2.500 9-1 14-1.800 2.600-4 4.500-5 8" />
    </svg>
  );
}
