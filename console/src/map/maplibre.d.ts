/** The build of MapLibre that a strict content security policy can live with: its worker is a file of ours. */
declare module "maplibre-gl/dist/maplibre-gl-csp.js" {
  import maplibre from "maplibre-gl";
  export default maplibre;
}
