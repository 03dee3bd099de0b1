// Line drawings on a grid of 24; the words beside them or on their buttons say what they mean.
const PATHS = {
  archive: "M3 5h18v4H3zM5 9v11h14V9M10 13h4",
  back: "M15 5l-7 7 7 7",
  chevron: "M9 6l6 6-6 6",
  down: "M12 5v14M6 13l6 6 6-6",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  file: "M7 3h7l5 5v13H7zM14 3v5h5",
  folder: "M3 6h6l2 2h10v11H3z",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
  pencil: "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
  pin: "M9 3h6l-1 6 4 4v2H6v-2l4-4zM12 15v6",
  plus: "M12 5v14M5 12h14",
  send: "M12 19V5M6 11l6-6 6 6",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M4 12H2M22 12h-2M5 5l1.5 1.5M17.5 17.5L19 19M5 19l1.5-1.5M17.5 6.5L19 5",
  tool: "M14.5 6.5a4 4 0 0 1 5-4l-2.5 3 1.5 2 3.5-1a4.5 4.5 0 0 1-6 5L8 20a2.4 2.4 0 0 1-4-4l8.5-8a4 4 0 0 1 2-1.5z",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
  upload: "M12 16V5M7 9l5-5 5 5M5 20h14",
};

interface Props {
  name: keyof typeof PATHS;
  label?: string; // where no words are beside it
}

export function Icon({ name, label }: Props) {
  return (
    <svg
      className="drawing"
      viewBox="0 0 24 24"
      role={label && "img"}
      aria-label={label}
      aria-hidden={!label}
      data-name={name}
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
