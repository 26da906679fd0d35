resource "google_compute_firewall" "in" {
  name    = "in"
  network = "n"
  source_ranges = ["10.0.0.0/8"]
  allow {
    protocol = "tcp"
    ports    = ["22", "8000-8010"]
  }
  allow {
    protocol = "icmp"
  }
}
