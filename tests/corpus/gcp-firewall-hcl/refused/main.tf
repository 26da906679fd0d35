resource "google_compute_firewall" "both" {
  name    = "both"
  network = "n"
  source_ranges = ["10.0.0.0/8", "::/0"]
  allow {
    protocol = "tcp"
  }
}
resource "google_compute_firewall" "none" {
  name    = "none"
  network = "n"
  source_ranges = ["10.0.0.0/8"]
}
resource "google_compute_firewall" "bits" {
  name    = "bits"
  network = "n"
  direction = "EGRESS"
  destination_ranges = ["10.0.0.1/8"]
  allow {
    protocol = "tcp"
    ports    = ["443"]
  }
}
resource "google_compute_firewall" "port" {
  name    = "port"
  network = "n"
  direction = "EGRESS"
  destination_ranges = ["192.0.2.0/24"]
  allow {
    protocol = "tcp"
    ports    = ["443-80"]
  }
}
resource "google_compute_firewall" "proto" {
  name    = "proto"
  network = "n"
  direction = "EGRESS"
  destination_ranges = ["192.0.2.0/24"]
  allow {
    protocol = "tpc"
    ports    = ["443"]
  }
}
resource "google_compute_firewall" "pri" {
  name    = "pri"
  network = "n"
  direction = "EGRESS"
  priority = 70000
  destination_ranges = ["192.0.2.0/24"]
  allow {
    protocol = "tcp"
    ports    = ["443"]
  }
}
resource "google_compute_firewall" "way" {
  name    = "way"
  network = "n"
  direction = "OUT"
  destination_ranges = ["192.0.2.0/24"]
  allow {
    protocol = "tcp"
    ports    = ["443"]
  }
}
