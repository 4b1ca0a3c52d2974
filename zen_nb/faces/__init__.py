"""What people see and touch: every face draws one `PipelineSnapshot`."""
