locals {
  nets = { a = "192.0.2.0/25", b = "198.51.100.0/25" }
}
resource "google_compute_firewall" "each" {
  for_each           = local.nets
  name               = "to-${each.key}"
  network            = "n"
  direction          = "EGRESS"
  destination_ranges = [each.value]
  allow {
    protocol = "tcp"
    ports    = [for p in [443, 8443] : tostring(p)]
  }
}
resource "google_compute_firewall" "rest" {
  name    = "rest"
  network = "n"
  direction          = "EGRESS"
  priority           = 65534
  destination_ranges = ["0.0.0.0/0"]
  deny {
    protocol = "all"
  }
}
