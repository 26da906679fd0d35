resource "google_compute_firewall" "in" {
  name    = "in"
  network = "n"
  source_ranges = ["0.0.0.0/0"]
  allow {
    protocol = "tcp"
    ports    = ["443"]
  }
}
resource "google_compute_firewall" "out" {
  name    = "out"
  network = "n"
  direction = "EGRESS"
  priority  = 2000
  deny {
    protocol = "tcp"
    ports    = ["25"]
  }
}
