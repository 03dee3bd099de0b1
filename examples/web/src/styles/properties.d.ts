import "react";

declare module "react" {
  interface CSSProperties {
    /** The coloured part of a bar, from 0 to 1. */
    "--share"?: number;
  }
}
