# No aws_ec2_managed_prefix_list: nothing is allowed, and what was is taken away.
