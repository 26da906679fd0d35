resource "google_compute_firewall" "allow" {
  name      = "allow"
  network   = "prod"
  direction = "EGRESS"
  destination_ranges = ["192.0.2.7/32"]
  allow {
    protocol = "tcp"
    ports = ["443"]
  }
}
