variables {
  security_group_id = "sg-0001"
}

run "a_rule_is_for_one_block" {
  command = plan

  assert {
    condition     = aws_vpc_security_group_egress_rule.tcp_443_104_16_81_56_32.cidr_ipv4 == "104.16.81.56/32"
    error_message = "The rule is for another block than its label says."
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.tcp_443_104_16_81_56_32.security_group_id == "sg-0001"
    error_message = "The rule is for another group than the one that is given."
  }
}

run "a_group_must_be_given" {
  command = plan

  variables {
    security_group_id = "sg-0002"
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.tcp_443_104_16_81_56_32.security_group_id == "sg-0002"
    error_message = "The group is not the one that is given."
  }
}
