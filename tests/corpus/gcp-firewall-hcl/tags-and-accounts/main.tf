resource "google_compute_firewall" "web" {
  name    = "web"
  network = "n"
  direction = "EGRESS"
  destination_ranges = ["192.0.2.0/24"]
  target_tags = ["web", "db"]
  allow {
    protocol = "tcp"
    ports    = ["443"]
  }
}
resource "google_compute_firewall" "sa" {
  name    = "sa"
  network = "n"
  direction = "EGRESS"
  destination_ranges = ["198.51.100.0/24"]
  target_service_accounts = ["a@p.iam.gserviceaccount.com"]
  allow {
    protocol = "tcp"
    ports    = ["443"]
  }
}
resource "google_compute_firewall" "all" {
  name    = "all"
  network = "n"
  direction = "EGRESS"
  priority = 900
  destination_ranges = ["203.0.113.0/24"]
  allow {
    protocol = "tcp"
    ports    = ["443"]
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
