"""Registration of data rights (登记): application, examination, notice, objection, evidence, certificate."""
