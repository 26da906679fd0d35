variables {
  security_group_id = "sg-0001"
}

run "entries_and_rules_belong_to_their_list" {
  assert {
    condition     = aws_vpc_security_group_egress_rule.egress_tcp_443_ipv4.prefix_list_id == aws_ec2_managed_prefix_list.egress_tcp_443_ipv4.id
    error_message = "The rule is for another list."
  }

  assert {
    condition     = aws_ec2_managed_prefix_list_entry.egress_tcp_443_104_16_81_56_32.prefix_list_id == aws_ec2_managed_prefix_list.egress_tcp_443_ipv4.id
    error_message = "The entry is of another list."
  }

  assert {
    condition     = aws_ec2_managed_prefix_list_entry.egress_tcp_443_104_16_81_56_32.cidr == "104.16.81.56/32"
    error_message = "The entry is another block than its label says."
  }
}
