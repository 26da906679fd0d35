resource "google_compute_firewall" "a" {
  name    = "a"
  network = "n"
  direction = "EGRESS"
  destination_ranges = ["${local.block}"]
  allow {
    protocol = "tcp"
    ports    = ["443"]
  }
}
