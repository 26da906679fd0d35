variables {
  network     = "default"
  target_tags = ["agents"]
}

run "what_denies_the_rest_comes_last" {
  command = plan

  assert {
    condition     = google_compute_firewall.egressor_egress_deny_rest_v4.priority > google_compute_firewall.egressor_egress_castai_api_and_1_more_v4_75ef93f20e.priority
    error_message = "The rule that denies the rest is tried first."
  }

  assert {
    condition     = google_compute_firewall.egressor_egress_castai_api_and_1_more_v4_75ef93f20e.destination_ranges == toset(["104.16.81.56/32", "104.16.82.56/32"])
    error_message = "The rule is for other addresses."
  }

  assert {
    condition     = google_compute_firewall.egressor_egress_castai_api_and_1_more_v4_75ef93f20e.target_tags == toset(["agents"])
    error_message = "The rule is for other instances."
  }
}
