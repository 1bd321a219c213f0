"""From the YAML files of `intake_forms/` to frozen rules: read, check, compile."""
