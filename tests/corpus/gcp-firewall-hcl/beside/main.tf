resource "google_compute_firewall" "a" {
  name    = "a"
  network = "n"
  direction = "EGRESS"
  destination_ranges = ["192.0.2.0/24"]
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
resource "google_compute_firewall_policy" "p" {
  name = "p"
}
module "more" {
  source = "./more"
}
