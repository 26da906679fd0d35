run "a_list_has_room_for_its_entries_and_says_what_it_is_for" {
  assert {
    condition     = aws_ec2_managed_prefix_list.egress_tcp_443_ipv4.max_entries == length(aws_ec2_managed_prefix_list.egress_tcp_443_ipv4.entry) + 2
    error_message = "The list has another size than its entries and the headroom make."
  }

  assert {
    condition     = aws_ec2_managed_prefix_list.egress_tcp_443_ipv4.address_family == "IPv4" && alltrue([for entry in aws_ec2_managed_prefix_list.egress_tcp_443_ipv4.entry : can(cidrnetmask(entry.cidr))])
    error_message = "The list has entries of another family."
  }

  assert {
    condition     = contains([for entry in aws_ec2_managed_prefix_list.egress_tcp_443_ipv4.entry : entry.cidr], "104.16.81.56/32")
    error_message = "An address is missing."
  }

  assert {
    condition     = aws_ec2_managed_prefix_list.egress_tcp_443_ipv4.tags["egressor:services"] == "tcp/443"
    error_message = "The tag says other services than the label does."
  }
}
