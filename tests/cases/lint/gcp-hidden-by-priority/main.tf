resource "google_compute_firewall" "deny" {
  name      = "deny"
  network   = "prod"
  direction = "EGRESS"
  priority = 100
  destination_ranges = ["192.0.2.0/24"]
  deny {
    protocol = "all"
  }
}

resource "google_compute_firewall" "allow" {
  name      = "allow"
  network   = "prod"
  direction = "EGRESS"
  priority = 200
  destination_ranges = ["192.0.2.7/32"]
  allow {
    protocol = "tcp"
    ports = ["443"]
  }
}

resource "google_compute_firewall" "rest" {
  name      = "rest"
  network   = "prod"
  direction = "EGRESS"
  priority = 65535
  destination_ranges = ["0.0.0.0/0"]
  deny {
    protocol = "all"
  }
}

resource "google_compute_firewall" "rest6" {
  name      = "rest6"
  network   = "prod"
  direction = "EGRESS"
  priority = 65535
  destination_ranges = ["::/0"]
  deny {
    protocol = "all"
  }
}
