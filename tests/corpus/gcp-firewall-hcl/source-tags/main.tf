resource "google_compute_firewall" "lb" {
  name    = "lb"
  network = "n"
  source_tags   = ["lb"]
  source_ranges = ["35.191.0.0/16"]
  allow {
    protocol = "tcp"
    ports    = [80]
  }
}
resource "google_compute_firewall" "sa" {
  name    = "sa"
  network = "n"
  source_service_accounts = ["b@p.iam.gserviceaccount.com"]
  target_service_accounts = ["a@p.iam.gserviceaccount.com"]
  allow {
    protocol = "udp"
  }
}
